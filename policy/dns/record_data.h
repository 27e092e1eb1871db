// SPDX-License-Identifier: Apache-2.0
//
// The data of one record as it is on the wire, uncompressed, taken into a DnsAnswer. Whoever
// publishes a zone chooses these octets.
#pragma once

#include <string_view>

#include "policy/base/result.h"
#include "policy/dns/resolver.h"

namespace icm {

// What is copied of one answer at most; more than any honest name has.
inline constexpr std::size_t max_answer_records = 256;
inline constexpr std::size_t max_answer_octets = 64u << 10;

// RFC 1035 §3.3 and §3.4.1, RFC 3596 §2.2. An Error says what is wrong with it; `answer` is as it
// was then.
[[nodiscard]] Status read_record_data(RecordType type, std::string_view data, DnsAnswer& answer);

}  // namespace icm
