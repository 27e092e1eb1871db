// SPDX-License-Identifier: Apache-2.0
//
// Which node of a Redis Cluster has which keys (the Redis cluster specification: key distribution
// model, hash tags, MOVED and ASK redirection).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "policy/base/redis_address.h"
#include "policy/store/redis_protocol.h"

namespace icm {

inline constexpr std::uint16_t redis_slots = 16384;

// CRC16 (XMODEM) of the key modulo 16384, or of what stands between its first { and the next }
// when that is not empty.
std::uint16_t redis_slot(std::string_view key);

struct SlotRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;  // included
  RedisAddress master;
  bool has_replica = false;  // one that has not failed
  bool operator==(const SlotRange&) const = default;
};

// The answer of `asked` to CLUSTER SLOTS. A node that is named without an address is
// `asked` itself.
[[nodiscard]] Result<std::vector<SlotRange>> slot_ranges(const RedisReply& reply,
                                                         const RedisAddress& asked);

// "MOVED 3999 127.0.0.1:6381" and "ASK 3999 127.0.0.1:6381", as a server says that another one has
// the slot: for good, or for this question.
struct Redirection {
  enum class Kind { moved, ask };
  Kind kind = Kind::moved;
  std::uint16_t slot = 0;
  RedisAddress to;
  bool operator==(const Redirection&) const = default;
};

// nullopt when the reply is no redirection.
[[nodiscard]] Result<std::optional<Redirection>> redirection(const RedisReply& reply,
                                                             const RedisAddress& asked);

}  // namespace icm
