// SPDX-License-Identifier: Apache-2.0
#include "milter/throttle_means.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "milter/throttle_check.h"
#include "policy/store/stores.h"
#include "test/support/redis_process.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

Deadline soon() { return Deadline::in(60s); }

const RateLimit shared{
    .counter = "shared", .amount = 1000, .window = 24h, .burst = 0, .is_pinned = true};

class ThrottleMeansTest : public testing::Test {
 protected:
  ThrottleMeansTest() { config.store.path = directory.path() / "store.db"; }

  void use_redis() {
    server = std::make_unique<RedisProcess>();
    config.store.kind = StoreKind::redis;
    config.store.redis.servers = {server->address()};
    config.store.redis.timeout = 60s;
  }
  std::shared_ptr<ThrottleMeans> open(const std::shared_ptr<ThrottleMeans>& previous = nullptr) {
    auto means = ThrottleMeans::open(config, previous, SystemClock().now());
    EXPECT_TRUE(means) << means.error().text;
    return *means;
  }
  void pause(const std::string& subject) {
    ASSERT_TRUE(make_store(config.store, soon()));
    const auto book = open_backoffs(config.store);
    ASSERT_TRUE((*book)->put({.kind = BackoffKind::pause,
                              .subject = subject,
                              .since = SystemClock().now(),
                              .until = {},
                              .by = "root",
                              .why = {}},
                             soon()));
  }
  static std::size_t known(const ThrottleMeans& means) {
    return means.backoffs()->known()->all().size();
  }

  TemporaryDirectory directory;
  Config config;
  std::unique_ptr<RedisProcess> server;
};

TEST_F(ThrottleMeansTest, know_a_pause_before_the_first_mail_asks) {
  pause("all");
  const auto means = open();
  EXPECT_EQ(known(*means), 1u);
  pause("192.0.2.7");
  EXPECT_EQ(open(means), means);
  EXPECT_EQ(known(*means), 2u);
}

TEST_F(ThrottleMeansTest, hand_on_what_was_paused_to_those_of_another_place_that_is_away) {
  pause("all");
  const auto means = open();
  use_redis();
  server->stop();
  const auto next = open(means);
  EXPECT_NE(next, means);
  EXPECT_EQ(known(*next), 1u);
}

TEST_F(ThrottleMeansTest, stay_the_same_while_the_same_is_counted_in_the_same_place) {
  const auto means = open();
  config.store.redis.prefix = "of no matter to SQLite";
  config.throttle.on_error = OnError::defer;
  EXPECT_EQ(open(means), means);
  use_redis();
  const auto fleet = open(means);
  EXPECT_NE(fleet, means);
  EXPECT_EQ(means->counted_for(), "host");
  EXPECT_EQ(fleet->counted_for(), "fleet");
  config.store.path += ".other";
  EXPECT_EQ(open(fleet), fleet);
  config.throttle.on_error = OnError::accept;
  EXPECT_NE(open(fleet), fleet);
}

TEST_F(ThrottleMeansTest, are_opened_anew_when_the_password_has_changed) {
  use_redis();
  const auto set_password = [&](const std::string& password) {
    std::filesystem::remove(directory.path() / "password");
    const std::filesystem::path file = directory.write("password", password);
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    config.store.redis.password_file = file;
  };
  set_password("one");
  const auto means = open();
  EXPECT_EQ(open(means), means);
  set_password("two");
  EXPECT_NE(open(means), means);
}

TEST_F(ThrottleMeansTest, of_one_file_are_one_processs_and_can_be_checked_beside_it) {
  const auto means = open();
  EXPECT_TRUE(check_throttle_means(config));
  const auto second = ThrottleMeans::open(config, nullptr, SystemClock().now());
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().text.find("store.db-throttle: another daemon counts here"),
            std::string::npos)
      << second.error().text;
  directory.write("store.db-throttle", "no journal\n");
  EXPECT_FALSE(check_throttle_means(config));
}

// What a host of the fleet is granted in 5,000 attempts by four threads.
int granted_to_a_host(const Config& config) {
  const auto means = ThrottleMeans::open(config, nullptr, SystemClock().now());
  if (!means) return -1;
  std::atomic<int> granted = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1250; ++i) {
        const auto answer = (*means)->limiter()->take({.charges = {{.limit = shared}}},
                                                      SystemClock().now(), soon());
        if (answer && answer->is_granted) ++granted;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return (*means)->counted_for() == "fleet" ? granted.load() : -1;
}

TEST_F(ThrottleMeansTest, of_two_processes_grant_exactly_the_limit_in_ten_thousand_attempts) {
  use_redis();
  config.throttle.on_error = OnError::defer;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::vector<pid_t> hosts;
  for (int host = 0; host < 2; ++host) {
    hosts.push_back(::fork());
    if (hosts.back() != 0) continue;
    const int granted = granted_to_a_host(config);
    ::_exit(::write(ends[1], &granted, sizeof granted) == sizeof granted ? 0 : 1);
  }
  int granted[2] = {-1, -1};
  ::close(ends[1]);
  EXPECT_EQ(::read(ends[0], &granted[0], sizeof granted[0]), static_cast<ssize_t>(sizeof(int)));
  EXPECT_EQ(::read(ends[0], &granted[1], sizeof granted[1]), static_cast<ssize_t>(sizeof(int)));
  ::close(ends[0]);
  for (const pid_t host : hosts) ::waitpid(host, nullptr, 0);
  EXPECT_GT(granted[0], 0);
  EXPECT_GT(granted[1], 0);
  EXPECT_EQ(granted[0] + granted[1], 1000);
  const auto uses = open()->limiter()->look({{.limit = shared}}, SystemClock().now(), soon());
  EXPECT_EQ(uses->at(0).used, 1000u);
}

}  // namespace
}  // namespace icm
