// SPDX-License-Identifier: Apache-2.0
//
// FakeUptime: goes on when the test says so.
#pragma once

#include <atomic>

#include "policy/base/uptime.h"

namespace icm {

class FakeUptime final : public Uptime {
 public:
  std::chrono::milliseconds now() const override { return std::chrono::milliseconds(time_); }
  void advance(std::chrono::milliseconds span) { time_ += span.count(); }

 private:
  std::atomic<std::int64_t> time_ = 123'456;
};

}  // namespace icm
