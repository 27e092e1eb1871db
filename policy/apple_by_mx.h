// SPDX-License-Identifier: Apache-2.0
//
// AppleByMx: whose a domain is by its MX records. iCloud+ custom domains have any name, and
// Apple's mail servers.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "policy/base/deadline.h"
#include "policy/base/domain.h"
#include "policy/config/routing_config.h"
#include "policy/dns/resolver.h"
#include "policy/dns/ttl_cache.h"
#include "policy/recipients.h"

namespace icm {

// A domain is Apple's when one of the mail servers that it prefers to all others (RFC 5321 §5.1:
// the lowest preference) is at or below a suffix of the configuration. One that names Apple's
// servers behind others, which filter or forward, hands its mail to those.
//
// Safe from any thread. Askers of one name at the same time share what the resolver sends.
class AppleByMx {
 public:
  // `resolver` outlives this.
  AppleByMx(const RoutingConfig& config, Resolver& resolver);

  // Returns by `deadline`, and within routing.timeout. `unknown`: the DNS failed, and nothing is
  // known from before. That is believed for a few seconds, so that not everybody waits in turn.
  Whose whose(const Domain& domain, Deadline deadline);

  // What is known without asking; `unknown` when nothing is.
  Whose known(const Domain& domain);

  // Since it was made.
  struct Figures {
    std::uint64_t kept = 0;      // answered from what was known
    std::uint64_t asked = 0;     // by asking the resolver
    std::uint64_t failed = 0;    // of these, without an answer
    std::uint64_t stood_in = 0;  // answered from what had run out, since the DNS failed
  };
  Figures figures() const;

 private:
  using Time = std::chrono::steady_clock;
  struct Kept {
    Whose whose = Whose::unknown;
    Time::time_point fresh_until;
    Time::time_point gone_at;  // until then it may stand in
  };

  Whose ask(const std::string& name, const Kept* before, Deadline deadline);
  Whose read(const DnsAnswer& answer) const;
  void keep(const std::string& name, Kept kept);

  const RoutingConfig config_;
  Resolver& resolver_;
  TtlCache<Kept> cache_;
  std::atomic<std::uint64_t> kept_ = 0;
  std::atomic<std::uint64_t> asked_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> stood_in_ = 0;
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
