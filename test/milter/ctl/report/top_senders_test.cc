// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/top_senders.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace icm::ctl::report {
namespace {

void send(TopSenders& senders, std::string_view name, int times) {
  for (int i = 0; i < times; ++i) ++senders.add(name).counts[Outcome::accepted];
}

TEST(TopSenders, counts_exactly_where_there_is_room) {
  TopSenders senders(10);
  send(senders, "b@x.example", 2);
  send(senders, "A@x.example", 3);
  send(senders, "a@X.example", 1);
  const auto top = senders.top(10);
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[0].name, "a@x.example");
  EXPECT_EQ(top[0].counts.all(), 4u);
  EXPECT_EQ(top[0].unsure, 0u);
  EXPECT_FALSE(senders.is_crowded());
}

// One in ten of all decisions is far above one in a hundred places.
TEST(TopSenders, finds_who_has_most_among_any_number_in_a_few_places) {
  TopSenders senders(100);
  for (int i = 0; i < 20'000; ++i) {
    send(senders, fmt::format("once{}@x.example", i), 1);
    if (i % 9 == 0) send(senders, "most@x.example", 1);
  }
  EXPECT_EQ(senders.size(), 100u);
  EXPECT_TRUE(senders.is_crowded());
  const auto top = senders.top(1);
  ASSERT_EQ(top.size(), 1u);
  EXPECT_EQ(top[0].name, "most@x.example");
  EXPECT_LE(top[0].counts.all(), 2223u);
  EXPECT_GE(top[0].counts.all() + top[0].unsure, 2223u);
}

TEST(TopSenders, bounds_a_name) {
  TopSenders senders(2);
  send(senders, std::string(100'000, 'x'), 1);
  EXPECT_EQ(senders.top(1).at(0).name.size(), 320u);
}

}  // namespace
}  // namespace icm::ctl::report
