// SPDX-License-Identifier: Apache-2.0
//
// DKIM key records (RFC 6376 §3.6.1) and where they come from.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/crypto.h"
#include "policy/base/deadline.h"
#include "policy/dns/resolver.h"
#include "policy/dns/ttl_cache.h"

namespace icm {

struct KeyRecord {
  PublicKey key;
  bool testing = false;          // t=y
  bool strict_identity = false;  // t=s: the domain of i= must be d= itself
};

// Reads one TXT record. The Error says why it is no usable key for mail: a syntax error, a revoked
// key (p= empty), another service, no SHA-256.
[[nodiscard]] Result<KeyRecord> parse_key_record(std::string_view text);

// What is published for one selector.
struct KeyAnswer {
  enum class Status { found, missing, temporary };
  Status status = Status::temporary;
  std::vector<KeyRecord> keys;        // the usable ones; may be empty although `found`
  std::vector<std::string> problems;  // one text for each record that is none, or for the DNS
};

// Looks keys up through a Resolver and keeps them parsed. Safe from any thread.
class KeyDirectory {
 public:
  explicit KeyDirectory(Resolver& resolver) : resolver_(resolver) {}

  // SELECTOR._domainkey.DOMAIN, by `deadline`. A late or failed answer is `temporary`.
  std::shared_ptr<const KeyAnswer> find(const std::string& domain, const std::string& selector,
                                        Deadline deadline);

  // Begins the lookup and does not wait.
  void prefetch(const std::string& domain, const std::string& selector);

 private:
  static constexpr std::size_t max_cached = 10'000;  // about 2 KB each
  Resolver& resolver_;
  TtlCache<KeyAnswer> cache_{max_cached};
};

// "selector._domainkey.domain"
std::string key_name(const std::string& domain, const std::string& selector);

}  // namespace icm
