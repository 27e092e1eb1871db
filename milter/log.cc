// SPDX-License-Identifier: Apache-2.0
#include "milter/log.h"

namespace icm {

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
    case LogLevel::fatal:
      return "fatal";
    case LogLevel::panic:
      return "panic";
  }
  return "invalid";
}

}  // namespace icm
