// SPDX-License-Identifier: Apache-2.0
//
// LimiterWorld: a RateLimiter and the time it lives in, for tests that every limiter must pass.
#pragma once

#include <memory>

#include "policy/store/local_rate_limiter.h"
#include "test/support/fake_uptime.h"

namespace icm {

class LimiterWorld {
 public:
  virtual ~LimiterWorld() = default;
  virtual RateLimiter& limiter() = 0;
  virtual WallTime now() const = 0;
  virtual void advance(std::chrono::milliseconds span) = 0;
};

class LocalLimiterWorld final : public LimiterWorld {
 public:
  RateLimiter& limiter() override { return limiter_; }
  WallTime now() const override { return now_; }
  void advance(std::chrono::milliseconds span) override {
    now_ += span;
    uptime_.advance(span);
  }

 private:
  WallTime now_ = *parse_time("2026-11-21T08:15:30.250Z");
  FakeUptime uptime_;
  LocalRateLimiter limiter_{uptime_, now_};
};

}  // namespace icm
