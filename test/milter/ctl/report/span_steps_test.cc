// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/span_steps.h"

#include <gtest/gtest.h>

#include "test/milter/ctl/report/facts_of_tests.h"

namespace icm::ctl::report {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(SpanSteps, are_as_short_as_a_chart_has_room_for) {
  struct Case {
    std::chrono::milliseconds length;
    std::chrono::seconds step;
  };
  for (const auto& [length, step] : {
           Case{minutes{1}, minutes{1}},
           Case{minutes{48}, minutes{1}},
           Case{minutes{49}, minutes{5}},
           Case{hours{24}, minutes{30}},
           Case{hours{24 * 7}, hours{6}},
           Case{hours{24 * 30}, hours{24}},
           Case{hours{24 * 366}, hours{24 * 28}},
           Case{hours{24 * 3660}, hours{24 * 77}},
       }) {
    EXPECT_EQ(step_of(length), step) << length.count();
    EXPECT_LE(steps_of({WallTime{}, WallTime{} + length}, step).size(), most_steps);
  }
}

TEST(SpanSteps, find_each_moment_of_the_span_and_no_other) {
  const Span span = {at("2026-11-20T08:00:00Z"), at("2026-11-21T07:59:00Z")};
  const auto step = hours{6};
  EXPECT_EQ(steps_of(span, step).size(), 4u);
  EXPECT_EQ(step_at(span, step, span.since), 0u);
  EXPECT_EQ(step_at(span, step, at("2026-11-20T14:00:00Z")), 1u);
  EXPECT_EQ(step_at(span, step, span.until - std::chrono::milliseconds{1}), 3u);
  EXPECT_EQ(step_at(span, step, span.until), std::nullopt);
  EXPECT_EQ(step_at(span, step, span.since - std::chrono::milliseconds{1}), std::nullopt);
}

TEST(SpanBefore, is_as_long_and_ends_where_the_span_begins) {
  const Span span = {at("2026-11-20T08:00:00Z"), at("2026-11-21T08:00:00Z")};
  EXPECT_EQ(span_before(span), (Span{at("2026-11-19T08:00:00Z"), at("2026-11-20T08:00:00Z")}));
}

}  // namespace
}  // namespace icm::ctl::report
