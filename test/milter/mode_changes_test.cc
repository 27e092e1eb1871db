// SPDX-License-Identifier: Apache-2.0
#include "milter/mode_changes.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using namespace std::chrono_literals;

const WallTime now = *parse_time("2026-11-21T08:00:00Z");

ModeChange change(std::string policy, Mode mode, std::optional<WallTime> until = {}) {
  return {.policy = std::move(policy), .mode = mode, .until = until, .by = "root", .since = now};
}

TEST(ModeChanges, lie_over_a_configuration_and_leave_the_rest_of_it) {
  Config configured;
  configured.format.percent = 7;
  ModeChanges changes;
  changes.set(change("format", Mode::enforce), configured);
  changes.set(change("suppression", Mode::off), configured);
  Config expected = configured;
  expected.format.mode = Mode::enforce;
  expected.suppression.mode = Mode::off;
  EXPECT_EQ(changes.over(configured), expected);
  EXPECT_EQ(changes.next_end(), std::nullopt);
}

TEST(ModeChanges, let_observe_hold_for_every_rule_and_spare_exceptions_from_enforce) {
  Config configured;
  configured.format.mode = Mode::enforce;
  configured.format.rules = {
      {"nul", Mode::enforce}, {"size", Mode::off}, {"date-missing", Mode::observe}};
  ModeChanges changes;
  changes.set(change("format", Mode::observe), configured);
  EXPECT_EQ(changes.over(configured).format.rules,
            (std::map<std::string, Mode>{
                {"nul", Mode::observe}, {"size", Mode::off}, {"date-missing", Mode::observe}}));
  changes.set(change("format", Mode::enforce, now + 1h), configured);
  EXPECT_EQ(changes.over(configured).format.rules, configured.format.rules);
}

TEST(ModeChanges, enforce_what_the_file_enforced_until_yesterday) {
  Config configured;
  configured.alignment.mode = Mode::enforce;
  configured.alignment.until = now - 24h;
  ModeChanges changes;
  changes.set(change("alignment", Mode::enforce), configured);
  EXPECT_EQ(changes.over(configured).alignment.until, std::nullopt);
}

TEST(ModeChanges, end_when_their_time_is_over_and_not_before) {
  const Config configured;
  ModeChanges changes;
  changes.set(change("format", Mode::enforce, now + 1h), configured);
  changes.set(change("alignment", Mode::enforce, now + 30min), configured);
  changes.set(change("suppression", Mode::off), configured);
  EXPECT_EQ(changes.next_end(), now + 30min);
  EXPECT_TRUE(changes.take_ended(now + 29min).empty());
  EXPECT_EQ(changes.take_ended(now + 30min),
            std::vector{change("alignment", Mode::enforce, now + 30min)});
  EXPECT_EQ(changes.next_end(), now + 1h);
  EXPECT_EQ(changes.take_ended(now + 24h).size(), 1u);
  EXPECT_EQ(changes.all().size(), 1u);
}

TEST(ModeChanges, are_replaced_by_a_later_one_and_taken_back_by_the_configured_mode) {
  const Config configured;  // suppression observes
  ModeChanges changes;
  changes.set(change("suppression", Mode::off, now + 1h), configured);
  changes.set(change("suppression", Mode::enforce, now + 2h), configured);
  EXPECT_EQ(changes.next_end(), now + 2h);
  changes.set(change("suppression", Mode::observe, now + 1h), configured);
  EXPECT_EQ(changes.all().size(), 1u) << "for a while, whatever a reload brings";
  changes.set(change("suppression", Mode::observe), configured);
  EXPECT_TRUE(changes.all().empty());
}

}  // namespace
}  // namespace icm
