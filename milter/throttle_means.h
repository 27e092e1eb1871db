// SPDX-License-Identifier: Apache-2.0
//
// ThrottleMeans: what throttle counts with and is told by. Outlives reloads, so that nothing is
// counted anew.
#pragma once

#include <memory>
#include <string>

#include "policy/base/clock.h"
#include "policy/base/notice_board.h"
#include "policy/base/uptime.h"
#include "policy/config/config.h"
#include "policy/store/backoff.h"
#include "policy/store/rate_limiter.h"

namespace icm {

// Safe from any thread; not moved, since its parts refer to each other.
class ThrottleMeans {
 public:
  // Those of `previous` as long as the store is the same.
  [[nodiscard]] static Result<std::shared_ptr<ThrottleMeans>> open(
      const StoreConfig& store, const std::shared_ptr<ThrottleMeans>& previous, WallTime now);

  // In memory, and nobody asks for less: for tests.
  static std::shared_ptr<ThrottleMeans> in_memory(WallTime now);

  ThrottleMeans() = default;
  ThrottleMeans(const ThrottleMeans&) = delete;
  ThrottleMeans& operator=(const ThrottleMeans&) = delete;

  RateLimiter* limiter() const { return limiter_.get(); }
  BackoffView* backoffs() const { return backoffs_.get(); }
  NoticeBoard& notices() { return notices_; }

 private:
  StoreConfig store_;
  NoticeBoard notices_;
  SystemUptime uptime_;
  std::unique_ptr<RateLimiter> limiter_;
  std::unique_ptr<BackoffView> backoffs_;  // absent in memory
};

}  // namespace icm
