// SPDX-License-Identifier: Apache-2.0
//
// ThrottleMeans: what throttle counts with and is told by. Outlives reloads, so that nothing is
// counted anew.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "policy/base/clock.h"
#include "policy/base/notice_board.h"
#include "policy/base/uptime.h"
#include "policy/config/config.h"
#include "policy/store/backoff.h"
#include "policy/store/rate_limiter.h"
#include "policy/store/redis_connection.h"

namespace icm {

class FleetRateLimiter;

// Safe from any thread; not moved, since its parts refer to each other.
class ThrottleMeans {
 public:
  // Those of `previous` as long as the same is counted in the same place. What is paused and slowed
  // has been read when this returns, or `notices` hears why not. `credentials_directory` is
  // systemd's CREDENTIALS_DIRECTORY, empty when there is none.
  [[nodiscard]] static Result<std::shared_ptr<ThrottleMeans>> open(
      const Config& config, const std::shared_ptr<ThrottleMeans>& previous, WallTime now,
      const std::string& credentials_directory = {});

  // In memory, and nobody asks for less: for tests.
  static std::shared_ptr<ThrottleMeans> in_memory(WallTime now);

  ThrottleMeans() = default;
  ThrottleMeans(const ThrottleMeans&) = delete;
  ThrottleMeans& operator=(const ThrottleMeans&) = delete;

  RateLimiter* limiter() const { return limiter_.get(); }
  BackoffView* backoffs() const { return backoffs_.get(); }
  NoticeBoard& notices() { return notices_; }

  // Whose units the counters are of: "host", "fleet", or while its store is away "alone".
  std::string_view counted_for() const;

 private:
  // Where is counted, and what becomes of mail while that is away.
  struct Place {
    StoreKind kind = StoreKind::sqlite;
    std::string path;  // sqlite's
    RedisConfig redis;
    RedisLogin login;
    OnError while_away = OnError::accept;
    bool operator==(const Place&) const = default;
  };
  static Result<Place> place_of(const Config& config, const std::string& credentials_directory);

  Place place_;
  NoticeBoard notices_;
  SystemUptime uptime_;
  std::unique_ptr<RateLimiter> limiter_;
  const FleetRateLimiter* fleet_ = nullptr;  // limiter_, where hosts share it
  std::unique_ptr<BackoffView> backoffs_;    // absent in memory
};

}  // namespace icm
