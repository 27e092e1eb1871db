// SPDX-License-Identifier: Apache-2.0
//
// IpAddress and IpRange: IPv4 and IPv6 as values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace icm {

// An IPv4-mapped IPv6 address (::ffff:192.0.2.1) becomes the IPv4 address it stands for, since
// that is how mail rules read it (RFC 7208 §5).
class IpAddress {
 public:
  [[nodiscard]] static Result<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::array<std::uint8_t, 4> octets);
  static IpAddress v6(std::array<std::uint8_t, 16> octets);

  bool is_v4() const { return is_v4_; }
  // Network order; an IPv4 address fills the first four.
  const std::array<std::uint8_t, 16>& octets() const { return octets_; }
  bool is_loopback() const;
  std::string text() const;  // RFC 5952 for IPv6

  auto operator<=>(const IpAddress&) const = default;

 private:
  IpAddress() = default;
  bool is_v4_ = true;
  std::array<std::uint8_t, 16> octets_{};
};

class IpRange {
 public:
  // "192.0.2.0/24", "2001:db8::/32", or a single address. Bits behind the prefix are dropped, so
  // that equal ranges compare equal.
  [[nodiscard]] static Result<IpRange> parse(std::string_view text);
  // A length out of range is taken as the nearest that exists.
  static IpRange of(IpAddress base, int prefix_length) { return IpRange(base, prefix_length); }

  // False when the families differ.
  bool contains(const IpAddress& address) const;
  bool contains(const IpRange& other) const;
  std::string text() const;

  auto operator<=>(const IpRange&) const = default;

 private:
  IpRange(IpAddress base, int prefix_length);
  IpAddress base_;
  int prefix_length_;
};

}  // namespace icm
