// SPDX-License-Identifier: Apache-2.0
//
// The limits of a fleet where a host cannot have them: a real server that goes and comes, and the
// slots of a real cluster.
#include "policy/store/redis_rate_limiter.h"

#include <gtest/gtest.h>

#include "policy/store/local_rate_limiter.h"
#include "policy/store/redis_backoff.h"
#include "test/support/fake_uptime.h"
#include "test/support/redis_process.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

Deadline soon() { return Deadline::in(60s); }

const RateLimit day{.counter = "day",
                    .amount = 3,
                    .window = 24h,
                    .reckoning = Reckoning::calendar,
                    .burst = 0,
                    .is_pinned = true};
const RateLimit hour{.counter = "hour", .amount = 3, .window = 1h, .burst = 2, .is_pinned = true};

RedisOptions options_of(const RedisProcess& server) {
  RedisOptions options = patient_options();
  options.servers = {server.address()};
  return options;
}

TEST(RedisRateLimiter, keeps_all_that_one_decision_is_about_in_one_slot_of_a_cluster) {
  const RedisClusterNodes cluster;
  const auto client = std::make_shared<RedisClient>(cluster.options());
  RedisRateLimiter limiter(client, "mail");
  RedisBackoffBook book(client, "mail");
  const WallTime now = SystemClock().now();
  const RateRequest both{.charges = {{.limit = day}, {.limit = hour}}, .claim = 7};
  const auto first = limiter.take(both, now, soon());
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_TRUE(first->is_granted);
  EXPECT_TRUE(limiter.take(both, now, soon())->is_granted);
  EXPECT_FALSE(limiter.take(both, now, soon())->is_granted);
  EXPECT_TRUE(limiter.give_back(first->receipt, soon()));
  EXPECT_EQ(limiter.look(both.charges, now, soon())->at(0).used, 1u);
  ASSERT_TRUE(book.put(
      {.kind = BackoffKind::pause, .subject = "all", .until = {}, .by = {}, .why = {}}, soon()));
  EXPECT_EQ(book.all(soon())->size(), 1u);
}

TEST(RedisRateLimiter, leaves_no_key_that_does_not_end_by_itself) {
  const RedisProcess server;
  RedisRateLimiter limiter(std::make_shared<RedisClient>(options_of(server)), "mail");
  const WallTime now = SystemClock().now();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        limiter.take({.charges = {{.limit = day}, {.limit = hour}}, .claim = 7}, now, soon()));
  }
  const RedisReply keys = server.ask({"KEYS", "*"});
  EXPECT_EQ(keys.items.size(), 3u);  // two counters, and who waits for the hour
  for (const RedisReply& key : keys.items) {
    EXPECT_GT(server.ask({"PTTL", key.text}).number, 0) << key.text;
  }
}

TEST(RedisRateLimiter, takes_an_answer_that_is_none_for_an_error) {
  const RedisProcess server;
  RedisRateLimiter limiter(std::make_shared<RedisClient>(options_of(server)), "mail");
  server.ask({"SET", "{mail:throttle}:counter:day", "no hash"});
  const auto answer = limiter.take({.charges = {{.limit = day}}}, SystemClock().now(), soon());
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().text.find("WRONGTYPE"), std::string::npos) << answer.error().text;
}

class FleetRateLimiterTest : public testing::Test {
 protected:
  enum class While { alone, waiting };
  std::unique_ptr<FleetRateLimiter> fleet(While away) {
    return std::make_unique<FleetRateLimiter>(
        std::make_unique<RedisRateLimiter>(std::make_shared<RedisClient>(options_of(server)),
                                           "mail"),
        away == While::alone ? std::make_unique<LocalRateLimiter>(uptime, now) : nullptr,
        [this](const std::string& text) { told.push_back(text.substr(text.rfind(';') + 1)); });
  }
  static Result<RateAnswer> take(RateLimiter& limiter, std::uint32_t units = 1) {
    return limiter.take({.charges = {{.limit = day, .units = units}}}, SystemClock().now(), soon());
  }
  static std::uint32_t used(RateLimiter& limiter) {
    return limiter.look({{.limit = day}}, SystemClock().now(), soon())->at(0).used;
  }

  RedisProcess server;
  FakeUptime uptime;
  WallTime now = SystemClock().now();
  Words told;
};

TEST_F(FleetRateLimiterTest, counts_as_if_it_were_alone_while_the_fleets_store_is_away) {
  const auto limiter = fleet(While::alone);
  EXPECT_TRUE(take(*limiter, 3)->is_granted);
  EXPECT_FALSE(limiter->is_away());
  server.stop();
  const auto alone = take(*limiter);
  ASSERT_TRUE(alone);
  EXPECT_TRUE(alone->is_granted);
  EXPECT_TRUE(take(*limiter, 2)->is_granted);
  EXPECT_FALSE(take(*limiter)->is_granted);
  EXPECT_TRUE(limiter->is_away());
  server.start();  // and has forgotten
  await("the fleet's store is asked again", [&] { return used(*limiter) == 0; });
  EXPECT_TRUE(take(*limiter, 2)->is_granted);
  EXPECT_TRUE(limiter->give_back(alone->receipt, soon()));
  EXPECT_EQ(used(*limiter), 2u) << "what was taken alone is not the fleet's to give back";
  EXPECT_EQ(told, (Words{" until it answers, this host counts as if it were alone",
                         "throttle: the fleet's limits are counted together again"}));
}

TEST_F(FleetRateLimiterTest, says_that_nobody_counts_where_mail_shall_wait) {
  const auto limiter = fleet(While::waiting);
  server.stop();
  EXPECT_FALSE(take(*limiter));
  EXPECT_FALSE(take(*limiter));
  EXPECT_EQ(told, Words{" until it answers, throttle.on_error decides"});
}

}  // namespace
}  // namespace icm
