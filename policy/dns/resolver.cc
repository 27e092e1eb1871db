// SPDX-License-Identifier: Apache-2.0
#include "policy/dns/resolver.h"

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {

std::string_view to_string(RecordType type) {
  switch (type) {
    case RecordType::a:
      return "A";
    case RecordType::aaaa:
      return "AAAA";
    case RecordType::mx:
      return "MX";
    case RecordType::txt:
      return "TXT";
    case RecordType::ptr:
      return "PTR";
  }
  return "invalid";
}

std::string_view to_string(DnsStatus status) {
  switch (status) {
    case DnsStatus::ok:
      return "ok";
    case DnsStatus::no_data:
      return "no data";
    case DnsStatus::no_such_name:
      return "no such name";
    case DnsStatus::temporary:
      return "temporary";
    case DnsStatus::bogus:
      return "bogus";
  }
  return "invalid";
}

bool DnsAnswer::is_small() const {
  constexpr std::size_t most_octets = 4096;  // an RSA key of 16 kbit in base64 has 3000
  std::size_t octets = 0;
  for (const std::string& text : texts) octets += text.size();
  return octets <= most_octets;
}

std::string dns_name(std::string_view text) {
  constexpr std::size_t max_label = 63;  // RFC 1035 §2.3.4
  constexpr std::size_t max_name = 253;  // 255 octets on the wire
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > max_name) return {};
  for (const std::string_view label : split(text, '.')) {
    if (label.empty() || label.size() > max_label) return {};
  }
  return lower_ascii(text);
}

std::string reverse_name(const IpAddress& address) {
  std::string name;
  const auto& octets = address.octets();
  if (address.is_v4()) {
    for (int i = 3; i >= 0; --i) name += fmt::format("{}.", octets[static_cast<std::size_t>(i)]);
    return name + "in-addr.arpa";
  }
  for (int i = 15; i >= 0; --i) {
    const unsigned octet = octets[static_cast<std::size_t>(i)];
    name += fmt::format("{:x}.{:x}.", octet & 0xf, octet >> 4);
  }
  return name + "ip6.arpa";
}

}  // namespace icm
