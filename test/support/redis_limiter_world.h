// SPDX-License-Identifier: Apache-2.0
//
// RedisLimiterWorld: the limiter of a fleet on a real Redis, asked by the test's time.
#pragma once

#include <atomic>

#include <fmt/format.h>

#include "policy/store/redis_rate_limiter.h"
#include "test/support/limiter_world.h"
#include "test/support/redis_process.h"

namespace icm {

class RedisLimiterWorld final : public LimiterWorld {
 public:
  RateLimiter& limiter() override { return limiter_; }
  WallTime now() const override { return now_; }
  void advance(std::chrono::milliseconds span) override { now_ += span; }

  // The server that all worlds of a program share.
  static RedisOptions options() {
    static const RedisProcess server;
    RedisOptions options = patient_options();
    options.servers = {server.address()};
    return options;
  }

 private:
  static std::string prefix() {
    static std::atomic<int> number = 0;
    return fmt::format("world-{}", ++number);
  }

  WallTime now_ = *parse_time("2026-11-21T08:15:30.250Z");
  RedisRateLimiter limiter_{std::make_shared<RedisClient>(options()), prefix(),
                            RedisRateLimiter::TimeOf::question};
};

}  // namespace icm
