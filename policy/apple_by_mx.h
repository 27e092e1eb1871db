// SPDX-License-Identifier: Apache-2.0
//
// AppleByMx: whose a domain is by its MX records. iCloud+ custom domains have any name, and
// Apple's mail servers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/base/domain.h"
#include "policy/config/routing_config.h"
#include "policy/dns/async_resolver.h"
#include "policy/recipients.h"

namespace icm {

// How long it is believed that the DNS fails for a name, after `before` (or nothing) was believed
// the last time: longer each time, for five minutes at most (RFC 9520 §3.2).
std::chrono::seconds rest_of_failure(std::chrono::seconds before);

// A domain is Apple's when all of the mail servers that it prefers to others (RFC 5321 §5.1: those
// with the lowest preference) are at or below a suffix of the configuration, as those of iCloud+
// are: mx01 and mx02.mail.icloud.com. All, since a client takes equal ones by chance: where one of
// them is its owner's, he answers in Apple's name to mail that is counted and learnt from as
// Apple's. Nor is one Apple's that names Apple's servers behind others, which filter or forward: it
// hands its mail to those.
//
// Safe from any thread. A name is asked for once at a time, whoever wants it; that the DNS failed
// for it is believed for a while (RFC 9520 §3.2), longer each time.
class AppleByMx {
 public:
  using Then = std::function<void()>;

  // `resolver` outlives this.
  AppleByMx(const RoutingConfig& config, Resolver& resolver);

  // Returns by `deadline`, and within routing.timeout. `unknown`: the DNS failed, and nothing is
  // known from before.
  Whose whose(const Domain& domain, Deadline deadline);

  // What is known without asking; `unknown` when nothing is.
  Whose known(const Domain& domain);

  // Asks without waiting. `then` is called once, before this returns or later from any thread, when
  // landed() may know; it must not wait. Never, where the resolver ends before.
  void ask(const Domain& domain, Then then);

  // For who has asked, or may: nothing where it is worth asking, `unknown` where the DNS failed a
  // moment ago.
  std::optional<Whose> landed(const Domain& domain) const;

  // For who has asked and waits no longer: the DNS has failed. What is known from before, or since,
  // stands in.
  Whose give_up(const Domain& domain);

  // Since it was made.
  struct Figures {
    std::uint64_t kept = 0;      // answered from what was known
    std::uint64_t asked = 0;     // answers of the resolver, and questions that were given up
    std::uint64_t failed = 0;    // of these, without an answer
    std::uint64_t stood_in = 0;  // answered from what had run out, since the DNS failed
  };
  Figures figures() const;

 private:
  class Memory;
  Resolver& resolver_;
  AsyncResolver* async_;  // the same, where it is one: others have their answers at hand
  std::shared_ptr<Memory> memory_;
  const std::chrono::seconds timeout_;
};

// The names, and beyond them the MX records.
class RoutedAppleDomains final : public AppleDomains {
 public:
  // `by_mx` outlives this; null: nobody is asked.
  RoutedAppleDomains(std::vector<Domain> added, std::vector<Domain> elsewhere, AppleByMx* by_mx);
  bool contains(const Domain& domain) const override { return named_.contains(domain); }
  bool is_private_relay(const Domain& domain) const override {
    return named_.is_private_relay(domain);
  }
  Whose whose(const Domain& domain, Deadline deadline) const override;
  Whose known(const Domain& domain) const override;

 private:
  // Told apart without MX records.
  bool is_settled(const Domain& domain) const;

  NamedAppleDomains named_;
  std::vector<Domain> elsewhere_;  // sorted
  AppleByMx* by_mx_;
};

}  // namespace icm
