// SPDX-License-Identifier: Apache-2.0
//
// What a domain publishes for SPF: one record, none, or something that is none (RFC 7208 §4.4,
// §4.5).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/auth/spf.h"
#include "policy/auth/spf_record.h"
#include "policy/base/deadline.h"
#include "policy/dns/resolver.h"
#include "policy/dns/ttl_cache.h"

namespace icm {

struct SpfPublication {
  std::optional<SpfRecord> record;           // when there is exactly one, and it is well formed
  SpfStatus status = SpfStatus::perm_error;  // without a record: what check_host() ends with
  std::string problem;                       // and why
  std::size_t records = 0;                   // SPF records at the name
  std::size_t answer_size = 0;  // octets of the name and of every TXT record there (§3.4)
  std::chrono::seconds ttl{0};  // of the answer it was read from
};

// Reads the answer to the TXT question for `domain`.
SpfPublication read_spf_publication(const std::string& domain, const DnsAnswer& answer);

// What domains publish, parsed, as long as the DNS allows. Safe from any thread; the resolver must
// outlive it.
class SpfDirectory {
 public:
  explicit SpfDirectory(Resolver& resolver) : resolver_(resolver) {}

  std::shared_ptr<const SpfPublication> find(const std::string& domain, Deadline deadline);

  // Begins the lookup and does not wait.
  void prefetch(const std::string& domain);

  Resolver& resolver() const { return resolver_; }

 private:
  static constexpr std::size_t max_cached = 20'000;
  Resolver& resolver_;
  TtlCache<SpfPublication> cache_{max_cached};
};

// check_spf() over a directory that outlives the question, so that no record is parsed twice.
SpfResult check_spf(const SpfQuestion& question, SpfDirectory& directory, Deadline deadline);

}  // namespace icm
