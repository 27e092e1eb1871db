// SPDX-License-Identifier: Apache-2.0
//
// What every RateLimiter promises, held against a model that remembers every unit.
#include "policy/store/rate_limiter.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "test/support/limiter_world.h"
#include "test/support/redis_limiter_world.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

const Deadline soon = Deadline::in(1h);

RateLimit limit(std::string counter, std::uint32_t amount, milliseconds window,
                std::uint32_t burst = 0) {
  return {.counter = std::move(counter), .amount = amount, .window = window, .burst = burst};
}

RateLimit a_day(std::string counter, std::uint32_t amount) {
  return {.counter = std::move(counter),
          .amount = amount,
          .window = 24h,
          .reckoning = Reckoning::calendar};
}

struct Way {
  std::string name;
  std::function<std::unique_ptr<LimiterWorld>()> make;
  unsigned plays = 0;  // of the model's
};

class EveryRateLimiter : public testing::TestWithParam<Way> {
 protected:
  RateAnswer take(std::vector<RateCharge> charges, std::uint64_t claim = 0) {
    const auto answer =
        world->limiter().take({.charges = std::move(charges), .claim = claim}, world->now(), soon);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().text);
    return answer.value_or(RateAnswer{});
  }
  bool takes(RateLimit one, std::uint32_t units = 1, int share = 100, std::uint64_t claim = 0) {
    return take({{.limit = std::move(one), .units = units, .share = share}}, claim).is_granted;
  }
  std::uint32_t used(RateLimit one) {
    const auto uses = world->limiter().look({{.limit = std::move(one)}}, world->now(), soon);
    return uses ? uses->at(0).used : 99999;
  }
  void give_back(const RateAnswer& answer) {
    EXPECT_TRUE(world->limiter().give_back(answer.receipt, soon));
  }
  milliseconds wait(const RateAnswer& answer, std::size_t charge = 0) {
    return answer.uses.at(charge).free_at - world->now();
  }

  std::unique_ptr<LimiterWorld> world = GetParam().make();
};

TEST_P(EveryRateLimiter, grants_the_amount_and_no_more_until_the_window_has_gone_by) {
  const RateLimit hour = limit("hour", 3, 1h);
  EXPECT_TRUE(takes(hour));
  EXPECT_TRUE(takes(hour, 2));
  const RateAnswer refused = take({{.limit = hour}});
  EXPECT_FALSE(refused.is_granted);
  EXPECT_TRUE(refused.uses.at(0).is_refused);
  EXPECT_EQ(refused.uses.at(0).used, 3u);
  EXPECT_TRUE(refused.receipt.taken.empty());
  EXPECT_GE(wait(refused), 1h);
  EXPECT_LE(wait(refused), 61min);
  const milliseconds free = wait(refused);
  world->advance(free - 1ms);
  EXPECT_FALSE(takes(hour));
  world->advance(1ms);
  EXPECT_TRUE(takes(hour));
}

TEST_P(EveryRateLimiter, takes_all_charges_or_none_and_says_which_was_in_the_way) {
  const RateLimit hour = limit("hour", 10, 1h);
  const RateLimit minute = limit("minute", 1, 1min);
  EXPECT_TRUE(take({{.limit = hour}, {.limit = minute}}).is_granted);
  const RateAnswer refused = take({{.limit = hour}, {.limit = minute}});
  EXPECT_FALSE(refused.is_granted);
  EXPECT_FALSE(refused.uses.at(0).is_refused);
  EXPECT_EQ(refused.uses.at(0).free_at, world->now());
  EXPECT_TRUE(refused.uses.at(1).is_refused);
  EXPECT_EQ(used(hour), 1u);
}

TEST_P(EveryRateLimiter, gives_a_unit_that_was_given_back_to_the_next) {
  const RateLimit hour = limit("hour", 2, 1h);
  const RateLimit day = a_day("day", 2);
  const RateAnswer first = take({{.limit = hour}, {.limit = day}});
  EXPECT_TRUE(take({{.limit = hour}, {.limit = day}}).is_granted);
  EXPECT_FALSE(take({{.limit = hour}, {.limit = day}}).is_granted);
  world->advance(10min);
  give_back(first);
  EXPECT_EQ(used(hour), 1u);
  EXPECT_EQ(used(day), 1u);
  EXPECT_TRUE(take({{.limit = hour}, {.limit = day}}).is_granted);
  EXPECT_FALSE(take({{.limit = hour}, {.limit = day}}).is_granted);
}

TEST_P(EveryRateLimiter, paces_what_comes_after_a_burst) {
  const RateLimit paced = limit("paced", 60, 1min, 3);  // one a second
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(takes(paced)) << i;
  const RateAnswer refused = take({{.limit = paced}});
  EXPECT_FALSE(refused.is_granted);
  EXPECT_EQ(wait(refused), 1s);
  world->advance(1s);
  EXPECT_TRUE(takes(paced));
  EXPECT_FALSE(takes(paced));
  world->advance(1h);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(takes(paced)) << i;
  EXPECT_FALSE(takes(paced));
}

TEST_P(EveryRateLimiter, sets_the_pace_back_when_nobody_took_since) {
  const RateLimit paced = limit("paced", 60, 1min, 1);
  const RateAnswer first = take({{.limit = paced}});
  EXPECT_FALSE(takes(paced));
  give_back(first);
  const RateAnswer second = take({{.limit = paced}});
  EXPECT_TRUE(second.is_granted);
  world->advance(1s);
  EXPECT_TRUE(takes(paced));
  give_back(second);
  EXPECT_FALSE(takes(paced));
  EXPECT_EQ(used(paced), 1u);
}

TEST_P(EveryRateLimiter, counts_a_day_from_midnight_to_midnight_of_utc) {
  const RateLimit day = a_day("day", 2);
  EXPECT_TRUE(takes(day, 2));
  const RateAnswer refused = take({{.limit = day}});
  EXPECT_FALSE(refused.is_granted);
  EXPECT_EQ(to_rfc3339(refused.uses.at(0).free_at), "2026-11-22T00:00:00.000Z");
  world->advance(wait(refused) - 1ms);
  EXPECT_FALSE(takes(day));
  world->advance(1ms);
  EXPECT_TRUE(takes(day, 2));
}

TEST_P(EveryRateLimiter, leaves_others_what_a_share_may_not_use) {
  const RateLimit hour = limit("hour", 10, 1h);
  EXPECT_TRUE(takes(hour, 8, 80));
  EXPECT_FALSE(takes(hour, 1, 80));
  EXPECT_TRUE(takes(hour, 2));
  EXPECT_FALSE(takes(hour));
}

TEST_P(EveryRateLimiter, gives_a_share_that_is_less_than_one_unit_one) {
  EXPECT_TRUE(takes(limit("one", 1, 1h), 1, 10));
}

TEST_P(EveryRateLimiter, lets_who_was_turned_away_go_before_newcomers) {
  const RateLimit minute = limit("minute", 4, 1min);
  EXPECT_TRUE(takes(minute, 4));
  EXPECT_FALSE(takes(minute, 1, 100, 11));
  EXPECT_FALSE(takes(minute, 1, 100, 12));
  EXPECT_FALSE(takes(minute, 1, 100, 13));
  world->advance(2min);
  EXPECT_TRUE(takes(minute, 1, 100, 1));  // half is open to newcomers, however many wait
  EXPECT_TRUE(takes(minute, 1, 100, 2));
  EXPECT_FALSE(takes(minute, 1, 100, 3));
  EXPECT_TRUE(takes(minute, 1, 100, 12));
  EXPECT_TRUE(takes(minute, 1, 100, 11));
  EXPECT_FALSE(takes(minute, 1, 100, 13));
}

TEST_P(EveryRateLimiter, does_not_wait_forever_for_who_never_comes_again) {
  const RateLimit minute = limit("minute", 2, 1min);
  EXPECT_TRUE(takes(minute, 2));
  EXPECT_FALSE(takes(minute, 1, 100, 11));
  world->advance(76min);
  EXPECT_TRUE(takes(minute, 1, 100, 1));
  EXPECT_TRUE(takes(minute, 1, 100, 2));
}

TEST_P(EveryRateLimiter, keeps_lines_of_different_shares_apart) {
  const RateLimit minute = limit("minute", 10, 1min);
  EXPECT_TRUE(takes(minute, 5, 50));
  for (std::uint64_t claim = 11; claim < 20; ++claim) EXPECT_FALSE(takes(minute, 1, 50, claim));
  for (std::uint64_t claim = 1; claim < 6; ++claim) EXPECT_TRUE(takes(minute, 1, 100, claim));
}

// ---- The model: remembers every unit, knows no slots ------------------------------------------

struct Unit {
  WallTime when;
  std::uint32_t units;
  RateReceipt receipt;
};

class Model {
 public:
  explicit Model(std::vector<RateLimit> limits) : limits_(std::move(limits)) {}

  std::uint64_t within(const RateLimit& one, WallTime now, milliseconds stretch) const {
    std::uint64_t sum = 0;
    for (const Unit& unit : granted) {
      if (one.reckoning == Reckoning::calendar) {
        sum += std::chrono::floor<std::chrono::days>(unit.when) ==
                       std::chrono::floor<std::chrono::days>(now)
                   ? unit.units
                   : 0;
      } else if (unit.when > now - stretch) {
        sum += unit.units;
      }
    }
    return sum;
  }

  // The first broken promise at a time when something was just granted.
  std::string broken(WallTime now) const {
    for (const RateLimit& one : limits_) {
      if (within(one, now, one.window) > one.amount) return one.counter + ": the window";
      if (one.burst == 0) continue;
      std::uint64_t units = 0;
      for (auto unit = granted.rbegin(); unit != granted.rend(); ++unit) {
        units += unit->units;
        const auto length = (now - unit->when).count();
        if (units >
            one.burst + static_cast<std::uint64_t>(length * one.amount / one.window.count())) {
          return one.counter + ": the pace";
        }
      }
    }
    return {};
  }

  // Whether something justifies a refusal: a slot and the window are full, or the pace is.
  bool may_refuse(std::uint32_t units, WallTime now) const {
    for (const RateLimit& one : limits_) {
      const milliseconds slot{(one.window.count() + 59) / 60};
      if (within(one, now, one.window + 2 * slot) + units > one.amount) return true;
      if (one.burst != 0) return true;  // judged by `broken` and the exact tests above
    }
    return false;
  }

  std::vector<Unit> granted;

 private:
  std::vector<RateLimit> limits_;
};

class Play {
 public:
  Play(LimiterWorld& world, std::vector<RateLimit> limits, unsigned seed, bool gives_back)
      : world_(world), limits_(std::move(limits)), model_(limits_), gives_back_(gives_back) {
    random_.seed(seed);
  }

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      world_.advance(milliseconds(below(5) == 0 ? below(40'000) : below(700)));
      if (gives_back_ && below(4) == 0 && !model_.granted.empty()) {
        give_one_back();
      } else {
        take(1 + static_cast<std::uint32_t>(below(3)));
      }
    }
    EXPECT_GT(granted_, steps / 20);
    EXPECT_GT(refused_, steps / 20);
  }

 private:
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

  RateAnswer ask(std::uint32_t units) {
    RateRequest request;
    for (const RateLimit& one : limits_) request.charges.push_back({.limit = one, .units = units});
    auto answer = world_.limiter().take(request, world_.now(), soon);
    EXPECT_TRUE(answer);
    return answer.value_or(RateAnswer{});
  }

  void take(std::uint32_t units) {
    RateAnswer answer = ask(units);
    if (!answer.is_granted) {
      ++refused_;
      EXPECT_TRUE(model_.may_refuse(units, world_.now()));
      if (below(8) == 0) come_back_when_free(answer, units);
      return;
    }
    ++granted_;
    model_.granted.push_back({world_.now(), units, std::move(answer.receipt)});
    EXPECT_EQ(model_.broken(world_.now()), "") << "after " << granted_;
  }

  // A millisecond before the time that was told it is refused, and then it is granted.
  void come_back_when_free(const RateAnswer& refused, std::uint32_t units) {
    WallTime free = world_.now();
    for (const RateUse& use : refused.uses) free = std::max(free, use.free_at);
    world_.advance(free - world_.now() - 1ms);
    EXPECT_FALSE(ask(units).is_granted);
    world_.advance(1ms);
    RateAnswer granted = ask(units);
    EXPECT_TRUE(granted.is_granted);
    model_.granted.push_back({world_.now(), units, std::move(granted.receipt)});
    EXPECT_EQ(model_.broken(world_.now()), "");
  }

  void give_one_back() {
    const auto place = model_.granted.begin() + below(static_cast<int>(model_.granted.size()));
    EXPECT_TRUE(world_.limiter().give_back(place->receipt, soon));
    model_.granted.erase(place);
  }

  LimiterWorld& world_;
  std::vector<RateLimit> limits_;
  Model model_;
  bool gives_back_;
  std::mt19937 random_;
  int granted_ = 0;
  int refused_ = 0;
};

TEST_P(EveryRateLimiter, breaks_no_promise_in_any_stretch_of_time) {
  for (unsigned seed = 0; seed < GetParam().plays; ++seed) {
    const std::string n = std::to_string(seed);
    Play(*world, {limit("m" + n, 12, 1min), limit("h" + n, 240, 20min), a_day("d" + n, 2000)}, seed,
         true)
        .run(1500);
    Play(*world, {limit("p" + n, 30, 1min, 5), limit("q" + n, 37, 67'777ms)}, seed, false)
        .run(1500);
    Play(*world, {limit("odd" + n, 7, 1s), limit("small" + n, 3, 59ms)}, seed, true).run(500);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Of, EveryRateLimiter,
    testing::Values(Way{"memory", [] { return std::make_unique<LocalLimiterWorld>(); }, 8},
                    Way{"redis", [] { return std::make_unique<RedisLimiterWorld>(); }, 1}),
    [](const auto& way) { return way.param.name; });

}  // namespace
}  // namespace icm
