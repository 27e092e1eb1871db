// SPDX-License-Identifier: Apache-2.0
#include "milter/throttle_means.h"

#include "milter/throttle_check.h"
#include "policy/store/local_rate_limiter.h"
#include "policy/store/redis_rate_limiter.h"
#include "policy/store/stores.h"

namespace icm {
namespace {

constexpr std::chrono::seconds wait_for_backoffs{5};  // at start; mail is not waiting yet
constexpr std::chrono::seconds wait_for_journal{5};   // of a daemon that is about to end

}  // namespace

// What else the section `store` says has no part in counting: a second limiter over one journal
// would count past the first.
Result<ThrottleMeans::Place> ThrottleMeans::place_of(const Config& config,
                                                     const std::string& credentials_directory) {
  Place place;
  place.kind = config.store.kind;
  switch (config.store.kind) {
    case StoreKind::sqlite:
      place.path = config.store.path;
      break;
    case StoreKind::redis:
      place.redis = config.store.redis;
      ICM_TRY(place.login, store_login(config.store, credentials_directory));
      place.while_away = config.throttle.on_error;
      break;
  }
  return place;
}

Result<std::shared_ptr<ThrottleMeans>> ThrottleMeans::open(
    const Config& config, const std::shared_ptr<ThrottleMeans>& previous, WallTime now,
    const std::string& credentials_directory) {
  ICM_TRY(Place place, place_of(config, credentials_directory));
  if (previous != nullptr && previous->place_ == place) {
    if (previous->backoffs() != nullptr) {
      previous->backoffs()->read(Deadline::in(wait_for_backoffs));
    }
    return previous;
  }
  auto means = std::make_shared<ThrottleMeans>();
  means->place_ = std::move(place);
  const auto tell = [notices = &means->notices_](const std::string& text) { notices->say(text); };
  ICM_TRY(auto shared, open_shared_limiter(config.store, credentials_directory));
  if (shared == nullptr) {
    ICM_TRY(means->limiter_, LocalRateLimiter::open(rate_journal_of(config.store), means->uptime_,
                                                    now, tell, Deadline::in(wait_for_journal)));
  } else {
    std::unique_ptr<RateLimiter> own;
    if (means->place_.while_away == OnError::accept) {
      own = std::make_unique<LocalRateLimiter>(means->uptime_, now, tell);
    }
    auto fleet = std::make_unique<FleetRateLimiter>(std::move(shared), std::move(own), tell);
    means->fleet_ = fleet.get();
    means->limiter_ = std::move(fleet);
  }
  ICM_TRY(auto book, open_backoffs(config.store, credentials_directory));
  const bool is_known = previous != nullptr && previous->backoffs() != nullptr;
  means->backoffs_ = std::make_unique<BackoffView>(
      std::move(book), means->notices_, is_known ? previous->backoffs()->known() : nullptr);
  means->backoffs_->read(Deadline::in(wait_for_backoffs));
  return means;
}

std::shared_ptr<ThrottleMeans> ThrottleMeans::in_memory(WallTime now) {
  auto means = std::make_shared<ThrottleMeans>();
  means->limiter_ = std::make_unique<LocalRateLimiter>(means->uptime_, now);
  return means;
}

std::string_view ThrottleMeans::counted_for() const {
  if (fleet_ == nullptr) return "host";
  return fleet_->is_away() ? "alone" : "fleet";
}

}  // namespace icm
