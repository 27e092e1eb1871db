// SPDX-License-Identifier: Apache-2.0
#include "policy/dns/record_data.h"

#include <algorithm>
#include <array>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t max_label = 63;  // RFC 1035 §2.3.4
constexpr std::size_t max_name = 255;

std::size_t octet(char c) { return static_cast<unsigned char>(c); }

// A whole name and nothing behind it. A dot inside a label must not look like the end of it: such a
// label is written \046, which is no name that anybody has.
Result<std::string> read_name(std::string_view data) {
  if (data.size() > max_name) return fail(Code::syntax, "a name has more than 255 octets");
  std::string name;
  while (!data.empty()) {
    const std::size_t size = octet(data.front());
    data.remove_prefix(1);
    if (size == 0) {
      if (!data.empty()) return fail(Code::syntax, "octets follow a name");
      return name;
    }
    if (size > max_label || size > data.size()) return fail(Code::syntax, "a label is cut off");
    if (!name.empty()) name += '.';
    for (const char c : data.substr(0, size)) {
      if (c == '.') {
        name += "\\046";
      } else {
        name += lower_ascii(c);
      }
    }
    data.remove_prefix(size);
  }
  return fail(Code::syntax, "a name has no end");
}

// RFC 1035 §3.3.14: one or more character-strings. RFC 7208 §3.3 and RFC 6376 §3.6.2.2 join them.
Result<std::string> read_text(std::string_view data) {
  std::string text;
  while (!data.empty()) {
    const std::size_t size = octet(data.front());
    data.remove_prefix(1);
    if (size > data.size()) return fail(Code::syntax, "a character-string is cut off");
    text += data.substr(0, size);
    data.remove_prefix(size);
  }
  return text;
}

template <std::size_t size>
Result<std::array<std::uint8_t, size>> read_address(std::string_view data) {
  if (data.size() != size) {
    return fail(Code::syntax, fmt::format("an address has {} octets, not {}", data.size(), size));
  }
  std::array<std::uint8_t, size> octets{};
  std::transform(data.begin(), data.end(), octets.begin(),
                 [](char c) { return static_cast<std::uint8_t>(c); });
  return octets;
}

Result<MxRecord> read_exchange(std::string_view data) {
  if (data.size() < 3) return fail(Code::syntax, "an MX record is cut off");
  ICM_TRY(std::string host, read_name(data.substr(2)));
  return MxRecord{.preference = static_cast<std::uint16_t>(octet(data[0]) << 8 | octet(data[1])),
                  .host = std::move(host)};
}

}  // namespace

Status read_record_data(RecordType type, std::string_view data, DnsAnswer& answer) {
  switch (type) {
    case RecordType::a: {
      ICM_TRY(const auto octets, read_address<4>(data));
      answer.addresses.push_back(IpAddress::v4(octets));
      return {};
    }
    case RecordType::aaaa: {
      ICM_TRY(const auto octets, read_address<16>(data));
      answer.addresses.push_back(IpAddress::v6(octets));
      return {};
    }
    case RecordType::mx: {
      ICM_TRY(MxRecord record, read_exchange(data));
      answer.exchanges.push_back(std::move(record));
      return {};
    }
    case RecordType::txt: {
      ICM_TRY(std::string text, read_text(data));
      answer.texts.push_back(std::move(text));
      return {};
    }
    case RecordType::ptr: {
      ICM_TRY(std::string name, read_name(data));
      answer.names.push_back(std::move(name));
      return {};
    }
  }
  return {};
}

}  // namespace icm
