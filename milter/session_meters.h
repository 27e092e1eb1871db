// SPDX-License-Identifier: Apache-2.0
//
// SessionMeters: what sessions count beside what is decided (milter/tally.h), for who watches.
#pragma once

#include <atomic>
#include <cstdint>

#include "policy/base/latency.h"

namespace icm {

// Safe from any thread.
struct SessionMeters {
  std::atomic<std::uint64_t> connections = 0;  // that were opened
  std::atomic<std::uint64_t> turned_away = 0;  // messages deferred since too many were being judged
  Latency recipient;                           // to judge one Apple recipient at RCPT
};

}  // namespace icm
