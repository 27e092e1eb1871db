// SPDX-License-Identifier: Apache-2.0
//
// Times and spans as an operator writes them.
#include "policy/base/clock.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using namespace std::chrono_literals;

constexpr WallTime morning =
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + 8h + 15min + 30s;

TEST(Clock, fixed_clock_stands_still) {
  const FixedClock clock(morning);
  EXPECT_EQ(clock.now(), morning);
  EXPECT_EQ(clock.now(), morning);
}

TEST(Clock, system_clock_is_between_two_readings_of_the_machine) {
  const auto before =
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const WallTime now = SystemClock().now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, std::chrono::system_clock::now());
}

TEST(Rfc3339, is_written_in_utc_with_milliseconds) {
  EXPECT_EQ(to_rfc3339(morning + 123ms), "2026-11-21T08:15:30.123Z");
  EXPECT_EQ(to_rfc3339(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(WallTime{-1ms}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(std::chrono::sys_days{std::chrono::year{2024} / 2 / 29}),
            "2024-02-29T00:00:00.000Z");
}

TEST(ParseTime, reads_every_form_an_operator_may_write) {
  struct Case {
    std::string_view text, utc;
  };
  for (const auto& [text, utc] : {
           Case{"2026-11-21T08:15:30Z", "2026-11-21T08:15:30.000Z"},
           Case{"2026-11-21t08:15:30z", "2026-11-21T08:15:30.000Z"},
           Case{"2026-11-21 08:15:30Z", "2026-11-21T08:15:30.000Z"},
           Case{"2026-11-21T08:15:30.5Z", "2026-11-21T08:15:30.500Z"},
           Case{"2026-11-21T08:15:30.1239999Z", "2026-11-21T08:15:30.123Z"},
           Case{"2026-11-21T08:15:30+01:30", "2026-11-21T06:45:30.000Z"},
           Case{"2026-11-21T08:15:30-08:00", "2026-11-21T16:15:30.000Z"},
           Case{"2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000Z"},
           Case{"2026-11-21", "2026-11-21T00:00:00.000Z"},
           Case{"2024-02-29", "2024-02-29T00:00:00.000Z"},
           Case{"@0", "1970-01-01T00:00:00.000Z"},
           Case{"@1763712930", "2025-11-21T08:15:30.000Z"},
           Case{"@253402300799", "9999-12-31T23:59:59.000Z"},
       }) {
    const auto time = parse_time(text);
    ASSERT_TRUE(time) << text << ": " << time.error().text;
    EXPECT_EQ(to_rfc3339(*time), utc) << text;
  }
}

TEST(ParseTime, refuses_everything_else_and_shows_what_it_takes) {
  for (const std::string_view text : {"",
                                      "tomorrow",
                                      "2026",
                                      "2026-11",
                                      "2026-11-21T",
                                      "2026-11-21T08",
                                      "2026-11-21T08:15",
                                      "2026-11-21T08:15:30",
                                      "2026-11-21T08:15:30.Z",
                                      "2026-11-21T08:15:30Zulu",
                                      "2026-11-21T08:15:30+1:00",
                                      "2026-11-21T08:15:30+01",
                                      "2026-11-21T08:15:30+24:00",
                                      "2026-11-21T08:15:30+00:60",
                                      "2026-11-21T24:00:00Z",
                                      "2026-11-21T08:60:00Z",
                                      "2026-11-21T08:15:61Z",
                                      "2026-02-30",
                                      "2025-02-29",
                                      "2026-00-01",
                                      "2026-13-01",
                                      "2026-01-00",
                                      "2026-1-1",
                                      "26-01-01",
                                      "+2026-01-01",
                                      "2026-11-21 ",
                                      " 2026-11-21",
                                      "@",
                                      "@-1",
                                      "@1.5",
                                      "@253402300800",
                                      "@99999999999999999999999"}) {
    const auto time = parse_time(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(
        time.error(),
        (Error{Code::syntax,
               "expected a time such as 2026-11-21T08:15:30Z, 2026-11-21 or @1763712930, got \"" +
                   std::string(text) + "\""}));
  }
}

TEST(ParseSpan, reads_a_whole_number_and_one_unit) {
  struct Case {
    std::string_view text;
    std::chrono::seconds span;
  };
  for (const auto& [text, span] :
       {Case{"0s", 0s}, Case{"90s", 90s}, Case{"15m", 15min}, Case{"1h", 1h}, Case{"7d", 168h},
        Case{"2w", 336h}, Case{"007d", 168h}, Case{"36525d", 24h * 36525}}) {
    const auto read = parse_span(text);
    ASSERT_TRUE(read) << text << ": " << read.error().text;
    EXPECT_EQ(*read, span) << text;
  }
}

TEST(ParseSpan, refuses_everything_else_and_shows_what_it_takes) {
  for (const std::string_view text : {"", "s", "90", "1.5h", "-1s", "+1s", "1 h", "1h30m", "1H",
                                      "1y", "1ms", " 1h", "1h ", "99999999999999999999999s"}) {
    const auto span = parse_span(text);
    ASSERT_FALSE(span) << text;
    EXPECT_EQ(span.error(),
              (Error{Code::syntax, "expected a span such as 90s, 15m, 1h, 7d or 2w, got \"" +
                                       std::string(text) + "\""}));
  }
}

TEST(ParseSpan, refuses_more_than_a_century) {
  for (const std::string_view text : {"36526d", "5218w", "18446744073709551615w", "3155760001s"}) {
    const auto span = parse_span(text);
    ASSERT_FALSE(span) << text;
    EXPECT_EQ(span.error(), (Error{Code::syntax, "expected a span of at most 36525d, got \"" +
                                                     std::string(text) + "\""}));
  }
}

TEST(ToSpan, is_the_shortest_exact_form_and_is_read_back) {
  struct Case {
    std::chrono::seconds span;
    std::string_view text;
  };
  for (const auto& [span, text] :
       {Case{0s, "0s"}, Case{1s, "1s"}, Case{60s, "1m"}, Case{90s, "90s"}, Case{3600s, "1h"},
        Case{5400s, "90m"}, Case{86400s, "1d"}, Case{604800s, "1w"}, Case{691200s, "8d"}}) {
    EXPECT_EQ(to_span(span), text);
    EXPECT_EQ(parse_span(to_span(span)), Result<std::chrono::seconds>(span));
  }
}

}  // namespace
}  // namespace icm
