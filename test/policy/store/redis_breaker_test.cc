// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_breaker.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using namespace std::chrono_literals;
using State = RedisBreaker::State;

const RedisBreaker::Time start{};

RedisBreaker opened() {
  RedisBreaker breaker;
  for (int i = 0; i < RedisBreaker::failures_that_open; ++i) breaker.failed(start, "no");
  return breaker;
}

TEST(RedisBreaker, stays_closed_while_failures_are_not_in_a_row) {
  RedisBreaker breaker;
  for (int i = 0; i < 10; ++i) {
    breaker.failed(start, "no");
    breaker.failed(start, "no");
    EXPECT_TRUE(breaker.admits(start));
    breaker.succeeded();
  }
  EXPECT_EQ(breaker.state(), State::closed);
  EXPECT_EQ(breaker.last_failure(), "");
}

TEST(RedisBreaker, opens_at_the_third_failure_in_a_row_and_keeps_the_reason) {
  RedisBreaker breaker = opened();
  EXPECT_EQ(breaker.state(), State::open);
  EXPECT_EQ(breaker.last_failure(), "no");
  EXPECT_FALSE(breaker.admits(start));
  EXPECT_FALSE(breaker.admits(start + 499ms));
}

TEST(RedisBreaker, lets_one_question_through_after_the_rest) {
  RedisBreaker breaker = opened();
  EXPECT_TRUE(breaker.admits(start + 500ms));
  EXPECT_EQ(breaker.state(), State::probing);
  EXPECT_FALSE(breaker.admits(start + 501ms)) << "a second one while the first is on its way";
  breaker.succeeded();
  EXPECT_EQ(breaker.state(), State::closed);
  EXPECT_TRUE(breaker.admits(start + 502ms));
}

TEST(RedisBreaker, rests_twice_as_long_after_each_probe_that_failed_and_eight_seconds_at_most) {
  RedisBreaker breaker = opened();
  auto now = start;
  for (const auto rest : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 8000ms}) {
    EXPECT_FALSE(breaker.admits(now + rest - 1ms)) << rest.count();
    now += rest;
    EXPECT_TRUE(breaker.admits(now)) << rest.count();
    breaker.failed(now, "still no");
  }
}

TEST(RedisBreaker, replaces_a_probe_that_never_came_back) {
  RedisBreaker breaker = opened();
  EXPECT_TRUE(breaker.admits(start + 500ms));
  EXPECT_FALSE(breaker.admits(start + 8499ms));
  EXPECT_TRUE(breaker.admits(start + 8500ms));
}

TEST(RedisBreaker, a_probe_that_had_no_time_is_followed_by_another_at_once) {
  RedisBreaker breaker = opened();
  EXPECT_TRUE(breaker.admits(start + 500ms));
  breaker.undecided(start + 501ms);
  EXPECT_TRUE(breaker.admits(start + 501ms));
  EXPECT_EQ(breaker.state(), State::probing);
}

TEST(RedisBreaker, a_question_that_had_no_time_is_no_failure) {
  RedisBreaker breaker;
  for (int i = 0; i < 10; ++i) breaker.undecided(start);
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST(RedisBreaker, a_failure_of_what_was_asked_before_does_not_prolong_the_rest) {
  RedisBreaker breaker = opened();
  breaker.failed(start + 400ms, "late");
  EXPECT_TRUE(breaker.admits(start + 500ms));
}

}  // namespace
}  // namespace icm
