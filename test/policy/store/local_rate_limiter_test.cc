// SPDX-License-Identifier: Apache-2.0
#include "policy/store/local_rate_limiter.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "test/support/fake_uptime.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

const Deadline soon = Deadline::in(1h);
const RateLimit hour{.counter = "hour", .amount = 10, .window = 1h, .burst = 0, .is_pinned = true};
const RateLimit paced{
    .counter = "paced", .amount = 60, .window = 1min, .burst = 2, .is_pinned = true};
const RateLimit day{.counter = "day",
                    .amount = 10,
                    .window = 24h,
                    .reckoning = Reckoning::calendar,
                    .burst = 0,
                    .is_pinned = true};

// A directory with a journal, a limiter over it, and a wall clock beside the uptime.
class LocalRateLimiterTest : public testing::Test {
 protected:
  void start() {
    limiter.reset();
    auto opened = LocalRateLimiter::open(path, uptime, now,
                                         [this](const std::string& text) { told.push_back(text); });
    ASSERT_TRUE(opened) << opened.error().text;
    limiter = *std::move(opened);
  }
  RateAnswer take(const RateLimit& limit, std::uint32_t units = 1) const {
    return *limiter->take({.charges = {{.limit = limit, .units = units}}}, now, soon);
  }
  std::uint32_t used(const RateLimit& limit) {
    return limiter->look({{.limit = limit}}, now, soon)->at(0).used;
  }
  void advance(std::chrono::milliseconds span) {
    now += span;
    uptime.advance(span);
  }
  std::string text() const {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryDirectory directory;
  std::string path = directory.path().string() + "/rates";
  WallTime now = *parse_time("2026-11-21T08:15:30.250Z");
  FakeUptime uptime;
  std::vector<std::string> told;
  std::unique_ptr<LocalRateLimiter> limiter;
};

TEST_F(LocalRateLimiterTest, goes_on_after_a_restart_where_it_was) {
  start();
  EXPECT_FALSE(std::filesystem::exists(path));
  const RateAnswer first = take(hour, 4);
  take(hour, 3);
  take(day, 7);
  take(paced, 2);
  EXPECT_TRUE(limiter->give_back(first.receipt, soon));
  advance(500ms);
  start();
  EXPECT_EQ(used(hour), 3u);
  EXPECT_EQ(used(day), 7u);
  const RateAnswer refused = take(paced);
  EXPECT_FALSE(refused.is_granted);
  EXPECT_EQ(refused.uses.at(0).free_at - now, 500ms);
  advance(61min);
  start();
  EXPECT_EQ(used(hour), 0u);
  EXPECT_EQ(used(day), 7u);
  advance(24h);
  EXPECT_EQ(used(day), 0u);
  EXPECT_EQ(told, std::vector<std::string>{});
}

TEST_F(LocalRateLimiterTest, leaves_a_journal_to_the_one_who_counts_by_it) {
  start();
  EXPECT_TRUE(take(hour, 3).is_granted);
  const auto open = [&] {
    return LocalRateLimiter::open(path, uptime, now, {}, Deadline::in(100ms));
  };
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::config);
  EXPECT_EQ(second.error().text,
            path +
                ": another daemon counts here, or mail that began before a reload; give each "
                "daemon a store.path of its own, or let them count together with store.kind: "
                "redis");
  limiter.reset();
  const auto next = open();
  ASSERT_TRUE(next) << next.error().text;
  EXPECT_EQ((*next)->look({{.limit = hour}}, now, soon)->at(0).used, 3u);
}

TEST_F(LocalRateLimiterTest, goes_on_after_a_restart_in_which_the_machine_started_anew) {
  start();
  take(hour, 10);
  limiter.reset();
  FakeUptime fresh;

  now += 5min;
  limiter = *LocalRateLimiter::open(path, fresh, now, {});
  const RateAnswer refused = take(hour);
  EXPECT_FALSE(refused.is_granted);
  EXPECT_GE(refused.uses.at(0).free_at - now, 55min);
  EXPECT_LE(refused.uses.at(0).free_at - now, 57min);
}

TEST_F(LocalRateLimiterTest, is_not_moved_by_a_clock_that_is_set) {
  start();
  take(hour, 10);
  for (const auto jump : {24h, -72h, 24h * 3650, -24h * 3650, 48h}) {
    now += jump;
    advance(1min);
    const RateAnswer refused = take(hour);
    EXPECT_FALSE(refused.is_granted);
    EXPECT_GE(refused.uses.at(0).free_at - now, 55min);
    EXPECT_LE(refused.uses.at(0).free_at - now, 61min);
  }
  advance(56min);
  EXPECT_TRUE(take(hour).is_granted);
}

TEST_F(LocalRateLimiterTest, goes_on_after_a_restart_when_the_clock_was_set_meanwhile) {
  for (const auto jump : {24h, -24h}) {
    path += "+";
    start();
    take(hour, 4);
    advance(10min);
    now += jump;
    take(hour, 1);
    advance(10min);
    start();
    EXPECT_EQ(used(hour), 5u);
    advance(42min);
    EXPECT_EQ(used(hour), 1u);
  }
}

TEST_F(LocalRateLimiterTest, knows_the_day_again_when_the_clock_comes_back_to_it) {
  start();
  take(day, 10);
  now += 24h;
  EXPECT_TRUE(take(day, 4).is_granted);
  now -= 24h;
  EXPECT_FALSE(take(day).is_granted);
  now += 24h;
  EXPECT_EQ(used(day), 4u);
  start();
  EXPECT_EQ(used(day), 4u);
}

TEST_F(LocalRateLimiterTest, counts_what_a_clock_that_was_set_back_has_made_future_as_of_now) {
  start();
  take(hour, 10);
  take(paced, 2);
  limiter.reset();
  now -= 24h;
  start();
  const RateAnswer refused = take(hour);
  EXPECT_FALSE(refused.is_granted);
  EXPECT_LE(refused.uses.at(0).free_at - now, 61min);
  EXPECT_LE(take(paced).uses.at(0).free_at - now, 62s);
}

TEST_F(LocalRateLimiterTest, leaves_half_a_line_out_and_goes_on_behind_it) {
  start();
  take(hour, 4);
  limiter.reset();
  std::ofstream(path, std::ios::app) << "1795249";
  start();
  EXPECT_EQ(used(hour), 4u);
  take(hour, 2);
  start();
  EXPECT_EQ(used(hour), 6u);
  EXPECT_EQ(told,
            std::vector<std::string>{path + ": 1 of 3 lines cannot be read and are left out"});
}

TEST_F(LocalRateLimiterTest, does_not_take_another_file_for_its_journal) {
  std::ofstream(path) << "SQLite format 3\nand so on\n";
  const auto opened = LocalRateLimiter::open(path, uptime, now, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().text,
            path +
                ": expected a file that begins with \"icloud-milter rates 1\", found \"SQLite "
                "format 3\"; move it away, and counting begins anew");
}

TEST_F(LocalRateLimiterTest, counts_in_memory_while_the_journal_cannot_be_written) {
  path = directory.path().string() + "/missing/rates";
  start();
  EXPECT_TRUE(take(hour, 4).is_granted);
  EXPECT_TRUE(take(hour, 4).is_granted);
  EXPECT_FALSE(take(hour, 4).is_granted);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0], path +
                         ": cannot be opened: No such file or directory; limits are counted in "
                         "memory until it can, and a restart would forget what they count");
  std::filesystem::create_directory(directory.path() / "missing");
  EXPECT_TRUE(take(hour).is_granted);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1], path + ": can be written again");
  start();
  EXPECT_EQ(used(hour), 9u);
}

TEST_F(LocalRateLimiterTest, writes_its_journal_anew_before_it_gets_long) {
  start();
  const RateLimit wide{.counter = "wide", .amount = 100'000, .window = 1h, .is_pinned = true};
  for (int i = 0; i < 9000; ++i) take(wide);
  EXPECT_LT(std::ranges::count(text(), '\n'), 4200);
  start();
  EXPECT_EQ(used(wide), 9000u);
}

TEST_F(LocalRateLimiterTest, forgets_what_was_used_least_recently_when_senders_are_too_many) {
  constexpr std::size_t most = 1000;
  limiter = std::make_unique<LocalRateLimiter>(
      uptime, now, [this](const std::string& text) { told.push_back(text); }, most);
  take(hour, 3);
  RateLimit sender{.counter = "regular", .amount = 5, .window = 1h};
  take(sender, 2);
  for (std::size_t i = 0; i < 2 * most; ++i) {
    sender.counter = fmt::format("stranger{}", i);
    EXPECT_TRUE(take(sender).is_granted);
    sender.counter = "regular";
    if (i % 500 == 0) take(sender);
  }
  EXPECT_EQ(limiter->counters(), most + 1);
  EXPECT_EQ(used(hour), 3u);
  EXPECT_EQ(used(sender), 5u);
  EXPECT_EQ(told, std::vector<std::string>{
                      "throttle: limits count more than 1000 senders, logins and recipients; those "
                      "that came by least recently are forgotten, and may go sooner than their "
                      "limit says"});
  advance(2h);
  take(sender);
  EXPECT_EQ(told.back(), "throttle: no sender, login or recipient is forgotten any more");
}

TEST_F(LocalRateLimiterTest, forgets_counters_on_which_nothing_counts_any_more) {
  start();
  for (int i = 0; i < 100; ++i) {
    take({.counter = fmt::format("sender{}", i), .amount = 5, .window = 1min});
  }
  EXPECT_EQ(limiter->counters(), 100u);
  advance(2min);
  take({.counter = "one", .amount = 5, .window = 1min});
  EXPECT_EQ(limiter->counters(), 1u);
}

TEST_F(LocalRateLimiterTest, grants_no_more_than_the_amount_to_many_threads) {
  start();
  const RateLimit shared{.counter = "shared", .amount = 1000, .window = 24h, .is_pinned = true};
  std::atomic<int> granted = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 1500; ++i) {
        const RateAnswer answer = take(shared);
        if (!answer.is_granted) continue;
        if ((i + thread) % 3 == 0) {
          EXPECT_TRUE(limiter->give_back(answer.receipt, soon));
        } else {
          ++granted;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(granted, 1000);
  start();
  EXPECT_EQ(used(shared), 1000u);
}

TEST_F(LocalRateLimiterTest, loses_nothing_that_was_granted_when_its_process_is_killed) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const RateLimit wide{
      .counter = "wide", .amount = 1'000'000, .window = 24h, .burst = 0, .is_pinned = true};
  const pid_t child = ::fork();
  if (child == 0) {
    const auto opened = LocalRateLimiter::open(path, uptime, now, {});
    if (!opened) ::_exit(1);
    for (;;) {
      if (!(*opened)->take({.charges = {{.limit = wide}}}, now, soon)->is_granted) ::_exit(1);
      if (::write(pipe_ends[1], "+", 1) != 1) ::_exit(1);
    }
  }
  ::close(pipe_ends[1]);
  std::array<char, 4096> chunk{};
  std::size_t granted = 0;
  while (granted < 12'000) {
    const ssize_t count = ::read(pipe_ends[0], chunk.data(), chunk.size());
    ASSERT_GT(count, 0);
    granted += static_cast<std::size_t>(count);
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (ssize_t count = 1; count > 0;) {
    count = ::read(pipe_ends[0], chunk.data(), chunk.size());
    if (count > 0) granted += static_cast<std::size_t>(count);
  }
  ::close(pipe_ends[0]);
  start();
  EXPECT_GE(used(wide), granted);
  EXPECT_LE(used(wide), granted + 1);
}

TEST(RateEntry, is_read_back_from_its_line) {
  const RateEntry entry{.counter = "rate/all/1h",
                        .slots = {.length = 60'000, .slots = 61},
                        .reckoning = Reckoning::sliding,
                        .is_pinned = true,
                        .at = 1'795'249'020'000,
                        .units = -3,
                        .pace = 1'795'249'021'000'000};
  EXPECT_EQ(to_line(entry), "1795249020000 60000 61 s p -3 1795249021000000 rate/all/1h\n");
  EXPECT_EQ(rate_entry("1795249020000 60000 61 s p -3 1795249021000000 rate/all/1h"), entry);
}

TEST(RateEntry, is_not_read_from_what_no_journal_of_ours_holds) {
  for (const std::string_view line :
       {"", "1 2 3 s p 4 5", "1 2 3 s p 4 5 ", "1 2 3 s p 4 5 a b", "x 2 3 s p 4 5 a",
        "1 0 3 s p 4 5 a", "1 2 0 s p 4 5 a", "1 2 63 s p 4 5 a", "1 2 3 x p 4 5 a",
        "1 2 3 s x 4 5 a", "1 2 3 s p 4294967296 5 a", "1 2 3 s p 4 -5 a", "-1 2 3 s p 4 5 a",
        "1 2 3 s p --4 5 a", "1 2 3 s p 4 5 a\x01", "99999999999999999999 2 3 s p 4 5 a",
        "1 99999999999999 3 s p 4 5 a"}) {
    EXPECT_FALSE(rate_entry(line)) << line;
  }
}

}  // namespace
}  // namespace icm
