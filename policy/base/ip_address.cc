// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing IP addresses and ranges; the text forms are inet_pton's and inet_ntop's,
// which are strict (no octal, no short forms) and follow RFC 5952.
#include "policy/base/ip_address.h"

#include <algorithm>

#include <arpa/inet.h>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int mapped_prefix_bits = 96;

int bits_of(const IpAddress& address) { return address.is_v4() ? 32 : 128; }

// The first `length` bits of `octet`, the others zero.
std::uint8_t leading_bits(std::uint8_t octet, int length) {
  if (length <= 0) return 0;
  return length >= 8 ? octet : static_cast<std::uint8_t>(octet & (0xff00 >> length));
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  if (text.find('\0') == std::string_view::npos) {
    std::array<std::uint8_t, 4> four{};
    if (inet_pton(AF_INET, terminated.c_str(), four.data()) == 1) return v4(four);
    std::array<std::uint8_t, 16> sixteen{};
    if (inet_pton(AF_INET6, terminated.c_str(), sixteen.data()) == 1) return v6(sixteen);
  }
  return fail(Code::syntax,
              fmt::format("expected an IPv4 or IPv6 address, got \"{}\"", excerpt(text)));
}

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> octets) {
  IpAddress address;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> octets) {
  if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), octets.begin())) {
    return v4({octets[12], octets[13], octets[14], octets[15]});
  }
  IpAddress address;
  address.is_v4_ = false;
  address.octets_ = octets;
  return address;
}

bool IpAddress::is_loopback() const {
  if (is_v4_) return octets_[0] == 127;
  return octets_[15] == 1 && std::all_of(octets_.begin(), octets_.end() - 1,
                                         [](std::uint8_t octet) { return octet == 0; });
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(is_v4_ ? AF_INET : AF_INET6, octets_.data(), buffer.data(), buffer.size());
  return buffer.data();
}

Result<IpRange> IpRange::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view base_text = text.substr(0, slash);
  const auto base = IpAddress::parse(base_text);
  if (!base) {
    return fail(Code::syntax,
                fmt::format("expected an address or a range such as 192.0.2.0/24 or 2001:db8::/32, "
                            "got \"{}\"",
                            excerpt(text)));
  }
  if (slash == std::string_view::npos) return of(*base, bits_of(*base));
  // "::ffff:192.0.2.0/120" is an IPv4 range counted in IPv6 bits.
  const bool is_mapped = base->is_v4() && base_text.find(':') != std::string_view::npos;
  const int lowest = is_mapped ? mapped_prefix_bits : 0;
  const int highest = is_mapped ? 128 : bits_of(*base);
  const auto length = parse_number(text.substr(slash + 1));
  if (!length || *length < static_cast<std::uint64_t>(lowest) ||
      *length > static_cast<std::uint64_t>(highest)) {
    return fail(Code::syntax, fmt::format("expected a prefix length from {} to {} after the slash, "
                                          "got \"{}\"",
                                          lowest, highest, excerpt(text)));
  }
  return of(*base, static_cast<int>(*length) - lowest);
}

IpRange::IpRange(IpAddress base, int prefix_length)
    : base_(base), prefix_length_(std::clamp(prefix_length, 0, bits_of(base))) {
  std::array<std::uint8_t, 16> octets = base.octets();
  for (int i = 0; i < 16; ++i) octets[i] = leading_bits(octets[i], prefix_length_ - 8 * i);
  base_ = base.is_v4() ? IpAddress::v4({octets[0], octets[1], octets[2], octets[3]})
                       : IpAddress::v6(octets);
}

bool IpRange::contains(const IpAddress& address) const {
  if (address.is_v4() != base_.is_v4()) return false;
  for (int i = 0; 8 * i < prefix_length_; ++i) {
    if (leading_bits(address.octets()[i], prefix_length_ - 8 * i) != base_.octets()[i])
      return false;
  }
  return true;
}

bool IpRange::contains(const IpRange& other) const {
  return prefix_length_ <= other.prefix_length_ && contains(other.base_);
}

std::string IpRange::text() const {
  if (prefix_length_ == bits_of(base_)) return base_.text();
  return fmt::format("{}/{}", base_.text(), prefix_length_);
}

}  // namespace icm
