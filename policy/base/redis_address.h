// SPDX-License-Identifier: Apache-2.0
//
// RedisAddress: where a Redis or Valkey server, or a Sentinel, listens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/ip_address.h"
#include "policy/base/result.h"

namespace icm {

// An IP address or the path of a unix socket, never a host name: looking one up would wait for the
// DNS, and nothing could keep that within a message's deadline.
struct RedisAddress {
  static constexpr std::uint16_t default_port = 6379;
  static constexpr std::uint16_t default_sentinel_port = 26379;

  std::string path;                   // of a unix socket: absolute; empty for an IP address
  std::optional<IpAddress> address;   // absent for a unix socket
  std::optional<std::uint16_t> port;  // absent: the default of what listens there

  // "unix:/run/redis/redis.sock", "192.0.2.1", "192.0.2.1:6380", "2001:db8::1",
  // "[2001:db8::1]:6380". The Error (Code::config) says what is wrong with `text`, to be put behind
  // a place that quotes it.
  [[nodiscard]] static Result<RedisAddress> parse(std::string_view text);

  bool is_local() const { return !address || address->is_loopback(); }
  std::string text() const;  // parse reads it back to an equal value

  auto operator<=>(const RedisAddress&) const = default;
};

}  // namespace icm
