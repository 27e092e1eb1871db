// SPDX-License-Identifier: Apache-2.0
//
// Clock: what time it is. A parameter, so that tests own the time.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace icm {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// Safe from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
};

// The time of the machine.
class SystemClock final : public Clock {
 public:
  WallTime now() const override;
};

// A time that stands still; for offline checks (`--now`) and tests.
class FixedClock final : public Clock {
 public:
  explicit FixedClock(WallTime time) : time_(time) {}
  WallTime now() const override { return time_; }

 private:
  WallTime time_;
};

// RFC 3339 in UTC with milliseconds: "2026-11-21T08:15:30.123Z".
std::string to_rfc3339(WallTime time);

// Reads RFC 3339 ("2026-11-21T08:15:30Z", fraction and offset allowed), a bare date ("2026-11-21",
// midnight UTC) or seconds since 1970 ("@1763712930"). Anything else is Code::syntax.
[[nodiscard]] Result<WallTime> parse_time(std::string_view text);

// Reads a span such as "90s", "15m", "1h", "7d", "2w" (a whole number and one unit).
[[nodiscard]] Result<std::chrono::seconds> parse_span(std::string_view text);

// The shortest exact form that parse_span reads: 3600 s is "1h", 90 s is "90s".
std::string to_span(std::chrono::seconds span);

}  // namespace icm
