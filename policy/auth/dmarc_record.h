// SPDX-License-Identifier: Apache-2.0
//
// DMARC policy records (RFC 9989 §4.7, RFC 7489 §6.3) and where they come from.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/dns/resolver.h"
#include "policy/dns/ttl_cache.h"

namespace icm {

enum class DmarcPolicy { none, quarantine, reject };
std::string_view to_string(DmarcPolicy policy);

enum class DmarcAlignment { relaxed, strict };

enum class PublicSuffixFlag { yes, no, unknown };  // psd=

struct DmarcRecord {
  std::optional<DmarcPolicy> policy;              // p=; absent when not given or not valid
  std::optional<DmarcPolicy> subdomain_policy;    // sp=
  std::optional<DmarcPolicy> missing_policy;      // np=, for names that do not exist
  DmarcAlignment spf = DmarcAlignment::relaxed;   // aspf=
  DmarcAlignment dkim = DmarcAlignment::relaxed;  // adkim=
  PublicSuffixFlag psd = PublicSuffixFlag::unknown;
  bool testing = false;                     // t=y
  bool has_policy_tag = false;              // p= was there, valid or not
  bool has_invalid_policy = false;          // p= or sp= has a value that is none of the three
  bool has_invalid_missing_policy = false;  // np= has one; RFC 7489 knows no np=
  bool has_report_address = false;          // rua= with at least one URI
  std::string text;
};

// nullopt when the text is no DMARC record: it does not begin with v=DMARC1 (case-sensitive).
// Everything after that which is not understood is ignored (RFC 9989 §4.7).
std::optional<DmarcRecord> parse_dmarc_record(std::string_view text);

struct DmarcAnswer {
  enum class Status { found, none, temporary };
  Status status = Status::temporary;
  DmarcRecord record;    // when found
  bool several = false;  // more than one record: none here (RFC 9989), the end of it (RFC 7489)
  std::string problem;   // why none or temporary
};

// Looks records up at _dmarc.DOMAIN and keeps them parsed. Safe from any thread.
class DmarcDirectory {
 public:
  explicit DmarcDirectory(Resolver& resolver) : resolver_(resolver) {}

  // Several DMARC records at one name count as none (RFC 9989 §4.7).
  std::shared_ptr<const DmarcAnswer> find(const std::string& domain, Deadline deadline);
  void prefetch(const std::string& domain);

  // RFC 9989 §3.2.13: a name that is answered with NXDOMAIN. nullopt when the DNS did not say.
  std::optional<bool> exists(const std::string& domain, Deadline deadline);

 private:
  static constexpr std::size_t max_cached = 20'000;
  Resolver& resolver_;
  TtlCache<DmarcAnswer> cache_{max_cached};
};

}  // namespace icm
