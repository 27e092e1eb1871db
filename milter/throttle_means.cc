// SPDX-License-Identifier: Apache-2.0
#include "milter/throttle_means.h"

#include "policy/store/local_rate_limiter.h"
#include "policy/store/sqlite_backoff.h"

namespace icm {

Result<std::shared_ptr<ThrottleMeans>> ThrottleMeans::open(
    const StoreConfig& store, const std::shared_ptr<ThrottleMeans>& previous, WallTime now) {
  if (previous != nullptr && previous->store_ == store) return previous;
  auto means = std::make_shared<ThrottleMeans>();
  means->store_ = store;
  ICM_TRY(means->limiter_,
          LocalRateLimiter::open(
              store.path + "-throttle", means->uptime_, now,
              [notices = &means->notices_](const std::string& text) { notices->say(text); }));
  means->backoffs_ = std::make_unique<BackoffView>(std::make_unique<SqliteBackoffBook>(store.path),
                                                   means->notices_);
  return means;
}

std::shared_ptr<ThrottleMeans> ThrottleMeans::in_memory(WallTime now) {
  auto means = std::make_shared<ThrottleMeans>();
  means->limiter_ = std::make_unique<LocalRateLimiter>(means->uptime_, now);
  return means;
}

}  // namespace icm
