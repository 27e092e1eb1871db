// SPDX-License-Identifier: Apache-2.0
//
// Log: where decisions and the daemon's own words go. The daemon's is milter/log_writer.
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

  // Both forms of one decision. Taken by value, so that the caller can move it in and the forms are
  // made elsewhere.
  virtual void decision(Decision decision) = 0;

  // A sentence of the daemon itself. Untrusted parts must have passed for_log().
  virtual void say(LogLevel level, std::string_view text) = 0;
};

}  // namespace icm
