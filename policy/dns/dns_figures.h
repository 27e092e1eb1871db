// SPDX-License-Identifier: Apache-2.0
//
// DnsFigures: what was asked of the name servers, for who watches.
#pragma once

#include <array>
#include <cstdint>

#include "policy/base/latency.h"

namespace icm {

// Since the resolver was made.
struct DnsFigures {
  std::uint64_t asked = 0;                 // questions that somebody waited for
  std::uint64_t kept = 0;                  // of these, answered from memory
  std::uint64_t timed_out = 0;             // of these, given up before an answer came
  std::uint64_t turned_away = 0;           // not sent, since too many were on their way
  std::array<std::uint64_t, 5> answers{};  // that came, by the value of DnsStatus
  LatencyFigures took;                     // from sending to the answer
  std::uint64_t on_their_way = 0;          // now
};

}  // namespace icm
