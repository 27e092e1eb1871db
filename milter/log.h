// SPDX-License-Identifier: Apache-2.0
//
// Log: where decisions and the daemon's own words are written. One thread writes; callers never
// wait for a disk or for syslogd as long as the queue has room.
#pragma once

#include <string>
#include <string_view>

#include "milter/decision.h"

namespace icm {

enum class LogLevel { info, warning, error, fatal, panic };

std::string_view to_string(LogLevel level);

// Safe from any thread.
class Log {
 public:
  virtual ~Log() = default;

  // Both forms of one decision.
  virtual void decision(const Decision& decision) = 0;

  // A sentence of the daemon itself. Untrusted parts must have passed for_log().
  virtual void say(LogLevel level, std::string_view text) = 0;
};

}  // namespace icm
