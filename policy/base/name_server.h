// SPDX-License-Identifier: Apache-2.0
//
// NameServer: where DNS questions are sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/ip_address.h"
#include "policy/base/result.h"

namespace icm {

struct NameServer {
  static constexpr std::uint16_t default_port = 53;  // RFC 1035 §4.2

  IpAddress address;
  std::uint16_t port = default_port;
  std::string interface;  // of a link-local IPv6 address, "eth0" in fe80::1%eth0

  // "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353", "fe80::1%eth0". The Error
  // (Code::config) says what is wrong with `text`, to be put behind a place that quotes it.
  [[nodiscard]] static Result<NameServer> parse(std::string_view text);

  std::string text() const;  // parse reads it back to an equal value

  bool operator==(const NameServer&) const = default;
};

}  // namespace icm
