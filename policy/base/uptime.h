// SPDX-License-Identifier: Apache-2.0
//
// Uptime: a time that nobody sets, for what must not be shortened or prolonged by whoever sets the
// clock of the machine.
#pragma once

#include <chrono>

namespace icm {

// Safe from any thread.
class Uptime {
 public:
  virtual ~Uptime() = default;

  // Since some moment; never goes back, and goes on while the machine sleeps.
  virtual std::chrono::milliseconds now() const = 0;
};

// The machine's (CLOCK_BOOTTIME, clock_gettime(2)).
class SystemUptime final : public Uptime {
 public:
  std::chrono::milliseconds now() const override;
};

}  // namespace icm
