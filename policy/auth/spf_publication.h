// SPDX-License-Identifier: Apache-2.0
//
// What a domain publishes for SPF: one record, none, or something that is none (RFC 7208 §4.4,
// §4.5).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "policy/auth/spf.h"
#include "policy/auth/spf_record.h"
#include "policy/dns/resolver.h"

namespace icm {

struct SpfPublication {
  std::optional<SpfRecord> record;           // when there is exactly one, and it is well formed
  SpfStatus status = SpfStatus::perm_error;  // without a record: what check_host() ends with
  std::string problem;                       // and why
  std::size_t records = 0;                   // SPF records at the name
  std::size_t answer_size = 0;  // octets of the name and of every TXT record there (§3.4)
};

// Reads the answer to the TXT question for `domain`.
SpfPublication read_spf_publication(const std::string& domain, const DnsAnswer& answer);

}  // namespace icm
