// SPDX-License-Identifier: Apache-2.0
#include "policy/base/uptime.h"

#include <time.h>

namespace icm {

std::chrono::milliseconds SystemUptime::now() const {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec});
}

}  // namespace icm
