// SPDX-License-Identifier: Apache-2.0
//
// A line of the mail log: when, which program, what it said. No line is trusted: whoever can make
// the mail server log something writes half of it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/clock.h"

namespace icm {

// Longer lines are not read; Postfix cuts its own at 2000 octets or so.
inline constexpr std::size_t longest_log_line = 16u << 10;

// Views into the line.
struct LogLine {
  std::string_view stamp;    // "Nov 22 02:00:01", "2026-11-22T02:00:01.123456+01:00"
  std::string_view program;  // "postfix/icloud-out/smtp", without "[pid]"
  std::string_view message;
};

// RFC 3164 §4.1 as syslog daemons and Postfix write it into files, or with an RFC 3339 time stamp.
// Nullopt for a line that has another form.
std::optional<LogLine> split_log_line(std::string_view line);

// What the clocks on the wall of this machine meant by a time.
using FromLocalTime = std::function<WallTime(std::chrono::local_seconds)>;

// Reads time stamps. Not synchronised.
class LogTimes {
 public:
  explicit LogTimes(FromLocalTime from_local) : from_local_(std::move(from_local)) {}

  // A stamp without a year is of the latest year in which it is no more than a day ahead of `now`:
  // in January December is last year's. Nullopt where it is no time.
  std::optional<WallTime> read(std::string_view stamp, WallTime now);

 private:
  std::optional<WallTime> read_yearless(std::string_view stamp, WallTime now);
  FromLocalTime from_local_;
  std::string minute_;  // "Nov 22 02:00", which many lines in a row have,
  WallTime begin_{};    // and what it means
};

}  // namespace icm
