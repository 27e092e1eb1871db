// SPDX-License-Identifier: Apache-2.0
//
// DNS messages as octets (RFC 1035 §4), as far as a name server of the tests has to read and write
// them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/dns/resolver.h"

namespace icm::dns_wire {

inline constexpr int header_size = 12;            // RFC 1035 §4.1.1
inline constexpr unsigned is_answer = 0x8400;     // QR, AA
inline constexpr unsigned is_truncated = 0x0200;  // TC
inline constexpr unsigned name_of_question = 0xc00c;
inline constexpr unsigned cname = 5;  // RFC 1035 §3.2.2

struct Question {
  std::string id;
  std::string text;  // the section as it is on the wire
  std::string name;  // lower case
  unsigned type = 0;
};

std::optional<Question> read_question(std::string_view message);

// nullopt: none that the resolver asks for.
std::optional<RecordType> record_type(unsigned type);

// Two octets.
std::string number(unsigned value);

// Uncompressed.
std::string name(std::string_view text);

std::string header(const Question& question, unsigned flags, unsigned answers);

// TTL 60.
std::string record(const std::string& owner, unsigned type, const std::string& content);

// The answer to the question, with an SOA where there is nothing to say.
std::string message(const Question& question, const DnsAnswer& answer);

}  // namespace icm::dns_wire
