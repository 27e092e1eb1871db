// SPDX-License-Identifier: Apache-2.0
//
// RateLimiter: may so many units go now, under several limits at once? Says yes and counts them, or
// says when it will be free and counts nothing.
//
// What is promised, for every counter, of all that was granted and not given back:
//   sliding   in no stretch of time as long as `window` more than `amount` units
//   calendar  in no piece of UTC as long as `window` (a day: from midnight to midnight) more than
//             `amount` units
//   burst     where it is set: in no stretch of length d more than burst + d * amount / window
//             units, so that what a window allows is not spent in its first second
//
// How: a sliding window of 60 slots, and a virtual clock beside it. A token bucket, or its other
// form GCRA, would need one number for each counter, but lets amount + burst go in a window, and
// whoever writes "100 an hour" means 100. A log of all units is exact to the millisecond and needs
// memory for each; slots are as exact in what they let go, and hold a unit back for a sixtieth of
// the window longer than a log would. The pace is GCRA, which is just what a pace is.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/base/result.h"

namespace icm {

enum class Reckoning { sliding, calendar };

// A limit and the counter it is about. Who names the same counter gives the same window, reckoning.
struct RateLimit {
  std::string counter;       // printable ASCII without blanks
  std::uint32_t amount = 1;  // units
  std::chrono::milliseconds window{0};
  Reckoning reckoning = Reckoning::sliding;
  std::uint32_t burst = 0;  // 0: no pace
  bool is_pinned = false;   // never forgotten to make room: for counters that the configuration
                            // bounds in number
  bool operator==(const RateLimit&) const = default;
};

// Units asked of a limit. `share` is how much of the limit may be in use after them, in percent:
// who may use 80 always leaves 20 to others. At least one unit can always be had.
struct RateCharge {
  RateLimit limit;
  std::uint32_t units = 1;
  int share = 100;
  bool is_owed = false;  // counted whatever the limit allows
};

struct RateRequest {
  std::vector<RateCharge> charges;
  // The same whenever the same mail comes by; 0: nobody. Who was turned away and comes again goes
  // before who comes for the first time: as many as wait, newcomers leave free, up to half of the
  // share they may use.
  std::uint64_t claim = 0;
};

// How one limit stands.
struct RateUse {
  std::uint32_t used = 0;   // units, before this request
  WallTime free_at{};       // when this charge alone could be had; the time of the question: now
  bool is_refused = false;  // it is one of those that kept the request from being granted
};

// What was taken, to be given back. Means something only to the limiter that wrote it.
struct RateReceipt {
  struct Taken {
    std::string counter;
    std::int64_t slot = 0;
    std::uint32_t units = 0;
    std::int64_t pace_before = 0;  // the virtual clock, so that it can be set back
    std::int64_t pace_after = 0;
  };
  std::vector<Taken> taken;
  std::uint32_t source = 0;  // which of several limiters that stand behind one
};

struct RateAnswer {
  bool is_granted = false;
  std::vector<RateUse> uses;  // for each charge, in order
  RateReceipt receipt;        // empty unless granted
};

// Safe from any thread.
class RateLimiter {
 public:
  virtual ~RateLimiter() = default;

  // All charges or none. Returns by `deadline`. No two charges of a request are of one counter.
  [[nodiscard]] virtual Result<RateAnswer> take(const RateRequest& request, WallTime now,
                                                Deadline deadline) = 0;

  // Units that were granted and not used are free at once; a pace only when nobody took after it.
  [[nodiscard]] virtual Status give_back(const RateReceipt& receipt, Deadline deadline) = 0;

  // How the limits of these charges stand, for each in order.
  [[nodiscard]] virtual Result<std::vector<RateUse>> look(const std::vector<RateCharge>& charges,
                                                          WallTime now, Deadline deadline) = 0;
};

}  // namespace icm
