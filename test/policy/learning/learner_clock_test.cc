// SPDX-License-Identifier: Apache-2.0
//
// A host's clock that is set: what was learnt while it was ahead must not hold until it is there
// again.
#include "test/policy/learning/learner_fixture.h"

namespace icm {
namespace {

class LearnerClockTest : public LearnerTest {
 protected:
  LearnerClockTest() { config.replies.breaker.wait = 0s; }
  void begin(std::chrono::seconds ahead) {
    reopen();
    settle();
    clock.time += ahead;
  }
  bool has_said(std::string_view words) const {
    return std::ranges::any_of(
        said, [&](const std::string& line) { return line.find(words) != line.npos; });
  }
};

constexpr std::chrono::hours year{24 * 365};

TEST_F(LearnerClockTest, lets_a_pause_of_a_clock_that_was_ahead_last_as_long_as_any) {
  begin(year);
  answered("bob@icloud.com", deferred_way);
  settle();
  clock.time -= year;
  settle();
  EXPECT_TRUE(has_said("the clock was set back from 2027-11-21T08:00:00"));
  EXPECT_EQ(in_force(), (Words{"pause 192.0.2.1 until 11-21T08:15", "slow 192.0.2.1 to 50"}));
  later(16min);
  EXPECT_EQ(in_force(), (Words{"slow 192.0.2.1 to 50"}));
  taken();
  later(1h);
  taken();
  later(8h);
  EXPECT_NE(in_force(), (Words{"slow 192.0.2.1 to 50"}));
}

TEST_F(LearnerClockTest, probes_a_way_that_was_stopped_by_a_clock_that_was_ahead) {
  begin(year);
  answered("bob@icloud.com", refused_way);
  settle();
  clock.time -= year;
  settle();
  EXPECT_EQ(in_force(), (Words{"pause 192.0.2.1 every 1h"}));
  clock.time += 2min;
  taken();
  settle();
  EXPECT_EQ(in_force(), (Words{"slow 192.0.2.1 to 10"}));
}

TEST_F(LearnerClockTest, ends_what_a_clock_that_was_ahead_held_back) {
  begin(year);
  for (const char* one : {"a@icloud.com", "b@icloud.com", "c@icloud.com"}) {
    answered(one, refused_content);
  }
  settle();
  EXPECT_EQ(in_force().size(), 1u);
  clock.time -= year;
  settle();
  EXPECT_EQ(in_force(), Words{});
}

TEST_F(LearnerClockTest, closes_a_breaker_that_a_clock_ahead_has_opened) {
  begin(year);
  for (int i = 0; i < 30; ++i) answered(fmt::format("p{}@icloud.com", i), gone);
  later(1min);
  EXPECT_EQ(outlet.sent.size(), 1u);
  clock.time -= year;
  settle();
  for (int hour = 0; hour < 3; ++hour) {
    for (int i = 0; i < 30; ++i) taken(fmt::format("q{}@icloud.com", i));
    later(1h);
  }
  EXPECT_TRUE(has_said("is over"));
  answered("bob@icloud.com", gone);
  later(1min);
  ASSERT_EQ(standing().size(), 1u);
  EXPECT_EQ(standing()[0].address, "bob@icloud.com");
}

TEST_F(LearnerClockTest, tells_again_what_was_told_by_a_clock_that_was_ahead) {
  begin(year);
  answered("bob@icloud.com", refused_way);
  settle();
  ASSERT_EQ(outlet.sent.size(), 1u);
  clock.time -= year;
  settle();
  clock.time += 7h;
  answered("ann@icloud.com", refused_way);
  settle();
  EXPECT_EQ(outlet.sent.size(), 2u);
}

TEST_F(LearnerClockTest, learns_on_after_a_restart_with_the_clock_set_back) {
  begin(year);
  taken();
  settle();
  clock.time -= year;
  reopen();
  answered("bob@icloud.com", gone);
  later(1min);
  EXPECT_TRUE(has_said("the clock was set back"));
  ASSERT_EQ(standing().size(), 1u);
  EXPECT_EQ(standing()[0].address, "bob@icloud.com");
}

TEST_F(LearnerClockTest, takes_no_notice_of_a_clock_that_wavers) {
  begin(0s);
  answered("bob@icloud.com", deferred_way);
  settle();
  const Words before = in_force();
  clock.time -= 2min;
  settle();
  EXPECT_FALSE(has_said("set back"));
  EXPECT_EQ(in_force(), before);
}

TEST_F(LearnerClockTest, learns_from_nothing_that_a_jump_ahead_has_made_old) {
  begin(0s);
  const DeliveryEvent line = event("bob@icloud.com", gone);
  clock.time += year;
  learn(line);
  settle();
  EXPECT_EQ(standing(), std::vector<Suppression>{});
}

}  // namespace
}  // namespace icm
