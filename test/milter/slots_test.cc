// SPDX-License-Identifier: Apache-2.0
#include "milter/slots.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace icm {
namespace {

using std::chrono::milliseconds;

Deadline at_once() { return Deadline::in(milliseconds{0}); }

TEST(Slots, gives_no_more_than_there_are) {
  Slots slots(2);
  auto first = slots.take(at_once());
  const auto second = slots.take(at_once());
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  EXPECT_FALSE(slots.take(at_once()));
  EXPECT_EQ(slots.in_use(), 2);
  first = {};
  EXPECT_TRUE(slots.take(at_once()));
}

TEST(Slots, wait_until_the_deadline_and_no_longer) {
  Slots slots(1);
  const auto held = slots.take(at_once());
  const auto start = Deadline::Time::now();
  EXPECT_FALSE(slots.take(Deadline::in(milliseconds{50})));
  const auto waited = Deadline::Time::now() - start;
  EXPECT_GE(waited, milliseconds{50});
  EXPECT_LT(waited, milliseconds{30000});
}

TEST(Slots, hand_a_place_to_whoever_waits) {
  Slots slots(1);
  auto held = slots.take(at_once());
  std::atomic<bool> got = false;
  std::thread waiting(
      [&] { got = static_cast<bool>(slots.take(Deadline::in(milliseconds{60000}))); });
  held = {};
  waiting.join();
  EXPECT_TRUE(got);
  EXPECT_EQ(slots.in_use(), 0);
}

TEST(Slots, can_be_widened_and_narrowed_while_in_use) {
  Slots slots(1);
  auto first = slots.take(at_once());
  slots.resize(2);
  auto second = slots.take(at_once());
  EXPECT_TRUE(second);
  slots.resize(1);
  first = {};
  EXPECT_FALSE(slots.take(at_once())) << "two were out, one may be";
  second = {};
  EXPECT_TRUE(slots.take(at_once()));
}

TEST(Slots, are_never_exceeded_by_many_threads) {
  Slots slots(3);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        const auto lease = slots.take(Deadline::in(milliseconds{60000}));
        ASSERT_TRUE(lease);
        const int now = ++inside;
        int seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most.load(), 3);
  EXPECT_EQ(slots.in_use(), 0);
}

}  // namespace
}  // namespace icm
