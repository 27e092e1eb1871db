// SPDX-License-Identifier: Apache-2.0
#include "policy/delivery/log_line.h"

#include <vector>

#include <gtest/gtest.h>

namespace icm {
namespace {

using std::chrono::hours;

WallTime utc(std::chrono::local_seconds local) { return WallTime(local.time_since_epoch()); }

WallTime at(std::string_view text) { return parse_time(text).value(); }

std::string read(std::string_view stamp, std::string_view now, FromLocalTime zone = utc) {
  const auto time = LogTimes(std::move(zone)).read(stamp, at(now));
  return time ? to_rfc3339(*time) : "none";
}

TEST(LogLine, is_cut_into_its_stamp_its_program_and_its_words) {
  struct Case {
    std::string_view line, stamp, program, message;
  };
  for (const auto& [line, stamp, program, message] : {
           Case{"Nov 22 02:00:01 mx postfix/smtp[17]: 4AF: to=<a@b>: x", "Nov 22 02:00:01",
                "postfix/smtp", "4AF: to=<a@b>: x"},
           Case{"Nov  2 02:00:01 mx postfix-out/icloud-out/smtp[1]: ", "Nov  2 02:00:01",
                "postfix-out/icloud-out/smtp", ""},
           Case{"2026-11-22T02:00:01.123456+01:00 mx sm-mta[9]: q: r",
                "2026-11-22T02:00:01.123456+01:00", "sm-mta", "q: r"},
           Case{"Nov 22 02:00:01 mx kernel: words", "Nov 22 02:00:01", "kernel", "words"},
       }) {
    const auto parts = split_log_line(line);
    ASSERT_TRUE(parts) << line;
    EXPECT_EQ(parts->stamp, stamp);
    EXPECT_EQ(parts->program, program);
    EXPECT_EQ(parts->message, message);
  }
}

TEST(LogLine, is_none_where_it_has_another_form) {
  const std::string long_line =
      "Nov 22 02:00:01 mx postfix/smtp[1]: " + std::string(longest_log_line, 'x');
  const std::vector<std::string_view> lines = {"",
                                               "Nov 22 02:00:01",
                                               "Nov 22 02:00:01 ",
                                               "Nov 22 02:00:01 mx",
                                               "Nov 22 02:00:01 mx x",
                                               "Nov 22 02:00:01 mx a b: c",
                                               "Nov 22 02:00:01 mx [1]: c",
                                               "2026-11-22 02:00:01 mx a: b",
                                               "2026-11-22T",
                                               "\xff\xfe",
                                               long_line};
  for (const std::string_view line : lines) {
    EXPECT_FALSE(split_log_line(line)) << line;
  }
}

TEST(LogTimes, gives_a_stamp_the_latest_year_that_is_not_ahead) {
  EXPECT_EQ(read("Nov 22 02:00:01", "2026-11-22T03:00:00Z"), "2026-11-22T02:00:01.000Z");
  EXPECT_EQ(read("Dec 31 23:59:59", "2027-01-01T00:00:05Z"), "2026-12-31T23:59:59.000Z");
  // Clocks differ by a little, and a year begins.
  EXPECT_EQ(read("Jan  1 00:00:10", "2026-12-31T23:59:50Z"), "2027-01-01T00:00:10.000Z");
  EXPECT_EQ(read("Nov 25 00:00:00", "2026-11-22T03:00:00Z"), "2025-11-25T00:00:00.000Z");
  EXPECT_EQ(read("Feb 29 12:00:00", "2027-03-01T00:00:00Z"), "2024-02-29T12:00:00.000Z");
}

TEST(LogTimes, reads_the_zone_of_the_machine_or_of_the_stamp) {
  const auto berlin = [](std::chrono::local_seconds local) { return utc(local) - hours(1); };
  EXPECT_EQ(read("Nov 22 02:00:01", "2026-11-22T03:00:00Z", berlin), "2026-11-22T01:00:01.000Z");
  EXPECT_EQ(read("2026-11-22T02:00:01.5+01:00", "2026-11-22T03:00:00Z"),
            "2026-11-22T01:00:01.500Z");
}

TEST(LogTimes, asks_for_the_zone_once_a_minute) {
  int asked = 0;
  LogTimes times([&](std::chrono::local_seconds local) {
    ++asked;
    return utc(local);
  });
  const WallTime now = at("2026-11-22T03:00:00Z");
  EXPECT_EQ(times.read("Nov 22 02:00:01", now), at("2026-11-22T02:00:01Z"));
  const int once = asked;
  EXPECT_EQ(times.read("Nov 22 02:00:59", now), at("2026-11-22T02:00:59Z"));
  EXPECT_EQ(asked, once);
  EXPECT_EQ(times.read("Nov 22 02:01:00", now), at("2026-11-22T02:01:00Z"));
  EXPECT_GT(asked, once);
}

TEST(LogTimes, knows_no_time_that_does_not_exist) {
  for (const std::string_view stamp :
       {"Foo 22 02:00:01", "Nov 32 02:00:01", "Nov  0 02:00:01", "Nov 22 24:00:01",
        "Nov 22 02:60:01", "Nov 22 02:00:61", "Nov xx 02:00:01", "Feb 30 02:00:01",
        "2026-13-22T02:00:01Z", ""}) {
    EXPECT_EQ(read(stamp, "2026-11-22T03:00:00Z"), "none") << stamp;
  }
}

}  // namespace
}  // namespace icm
