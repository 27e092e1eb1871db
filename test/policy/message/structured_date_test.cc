// SPDX-License-Identifier: Apache-2.0
//
// Dates: the examples of RFC 5322 appendix A, each obsolete form, each error.
#include <gtest/gtest.h>

#include "policy/message/structured.h"

namespace icm {
namespace {

// UTC without milliseconds and the marks in braces; or the Error.
std::string shown(std::string_view value) {
  const auto date = parse_date_time(value);
  if (!date) {
    EXPECT_EQ(date.error().code, Code::syntax);
    return date.error().text;
  }
  return to_rfc3339(date->time).substr(0, 19) + (date->named_zone ? " {named zone}" : "") +
         (date->obsolete_syntax ? " {obsolete}" : "");
}

struct Case {
  std::string_view value, shown;
};

TEST(DateTime, reads_the_examples_of_rfc_5322_appendix_a) {
  for (const auto& [value, expected] : {
           Case{" Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06"},
           Case{" Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37"},
           Case{" Thu, 13 Feb 1969 23:32:54 -0330", "1969-02-14T03:02:54"},
           Case{" Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n"
                "               -0330 (Newfoundland Time)",
                "1969-02-14T03:02:00"},
           Case{" 21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06 {named zone} {obsolete}"},
           Case{" Fri, 21 Nov 1997 09(comment):   55  :  06 -0600",
                "1997-11-21T15:55:06 {obsolete}"},
       }) {
    EXPECT_EQ(shown(value), expected) << value;
  }
}

TEST(DateTime, reads_what_mail_programs_write) {
  for (const auto& [value, expected] : {
           Case{" Sat, 21 Nov 2026 08:15:30 +0100", "2026-11-21T07:15:30"},
           Case{" Sat, 21 Nov 2026 08:15:30 +0100 (CET)", "2026-11-21T07:15:30"},
           Case{" Sat, 21 Nov 2026 08:15:30 +0000 (UTC)", "2026-11-21T08:15:30"},
           Case{" 21 Nov 2026 08:15 -0000", "2026-11-21T08:15:00"},
           Case{" Sat, 07 Nov 2026 08:15:30 -0800", "2026-11-07T16:15:30"},
           Case{" Sat,  7 Nov 2026 08:15:30 +0545", "2026-11-07T02:30:30"},
           Case{" sat,7 nov 2026 08:15:30 +0000", "2026-11-07T08:15:30"},
           Case{" Sat, 21 Nov 2026 08:15:30 GMT", "2026-11-21T08:15:30 {named zone}"},
           Case{" Tue, 31 Dec 2024 23:59:60 +0000", "2025-01-01T00:00:00"},
           Case{" Thu, 29 Feb 2024 00:00:00 +0000", "2024-02-29T00:00:00"},
           Case{" 1 Jan 2026 00:00:00 +9959", "2025-12-27T20:01:00"},
       }) {
    EXPECT_EQ(shown(value), expected) << value;
  }
}

TEST(DateTime, marks_obsolete_syntax) {
  for (const auto& [value, expected] : {
           Case{"1 Jan 00 00:00:00 +0000", "2000-01-01T00:00:00 {obsolete}"},
           Case{"1 Jan 49 00:00:00 +0000", "2049-01-01T00:00:00 {obsolete}"},
           Case{"1 Jan 50 00:00:00 +0000", "1950-01-01T00:00:00 {obsolete}"},
           Case{"1 Jan 126 00:00:00 +0000", "2026-01-01T00:00:00 {obsolete}"},
           Case{"1 Jan 2026 00:00:00 UT", "2026-01-01T00:00:00 {named zone}"},
           Case{"1 Jan 2026 00:00:00 est", "2026-01-01T05:00:00 {named zone}"},
           Case{"1 Jan 2026 00:00:00 PDT", "2026-01-01T07:00:00 {named zone}"},
           Case{"1 Jan 2026 00:00:00 Z", "2026-01-01T00:00:00 {obsolete}"},
           Case{"1 Jan 2026 00:00:00 A", "2026-01-01T00:00:00 {obsolete}"},
           Case{"1 Jan 2026 00:00:00 CEST", "2026-01-01T00:00:00 {obsolete}"},
           Case{"1Jan2026 00:00:00 +0000", "2026-01-01T00:00:00 {obsolete}"},
           Case{"Thu , 1 Jan 2026 00:00:00 +0000", "2026-01-01T00:00:00 {obsolete}"},
           Case{"1 Jan 2026 00 :00 +0000", "2026-01-01T00:00:00 {obsolete}"},
           Case{"1 Jan 2026 00:00 :00 +0000", "2026-01-01T00:00:00 {obsolete}"},
           Case{"(c) 1 Jan 2026 00:00 +0000", "2026-01-01T00:00:00 {obsolete}"},
           Case{"1 (c) Jan 2026 00:00 +0000", "2026-01-01T00:00:00 {obsolete}"},
           Case{"1 Jan 2026 00:00 (c) +0000", "2026-01-01T00:00:00 {obsolete}"},
       }) {
    EXPECT_EQ(shown(value), expected) << value;
  }
}

TEST(DateTime, is_written_in_utc_and_read_back) {
  for (const std::string_view text :
       {"Sat, 21 Nov 2026 08:15:30 +0000", "Thu, 1 Jan 1970 00:00:00 +0000",
        "Thu, 29 Feb 2024 23:59:59 +0000"}) {
    EXPECT_EQ(to_date_time(parse_date_time(text)->time), text);
  }
}

TEST(DateTime, says_where_and_what_was_expected) {
  for (const auto& [value, expected] : {
           Case{"", "offset 0: expected a day of the month, found the end"},
           Case{"yesterday",
                "offset 0: expected a day of the week or a day of the month, found \"y\""},
           Case{"2026-11-21T08:15:30Z", "offset 0: expected a day of the month, found \"2\""},
           Case{"Sat Nov 21 08:15:30 2026",
                "offset 4: expected \",\" after the day of the week, "
                "found \"N\""},
           Case{"21 November 2026 08:15 +0000",
                "offset 3: expected a month such as \"Jan\", found \"N\""},
           Case{"21 Nov 6 08:15 +0000", "offset 7: expected a year of four digits, found \"6\""},
           Case{"21 Nov 20026 08:15 +0000",
                "offset 7: expected a year of four digits, found \"2\""},
           Case{"21 Nov 1899 08:15 +0000", "offset 7: expected a year from 1900 on, found \"1\""},
           Case{"31 Nov 2026 08:15 +0000", "offset 0: Nov 2026 has no day 31"},
           Case{"29 Feb 2026 08:15 +0000", "offset 0: Feb 2026 has no day 29"},
           Case{"0 Feb 2026 08:15 +0000", "offset 0: Feb 2026 has no day 0"},
           Case{"Fri, 21 Nov 2026 08:15 +0000", "offset 5: 21 Nov 2026 is a Sat, not a Fri"},
           Case{"21 Nov 2026 24:00 +0000",
                "offset 12: expected an hour from 00 to 23, found \"2\""},
           Case{"21 Nov 2026 8:15 +0000", "offset 12: expected an hour from 00 to 23, found \"8\""},
           Case{"21 Nov 2026 08.15 +0000", "offset 14: expected \":\" after the hour, found \".\""},
           Case{"21 Nov 2026 08:60 +0000",
                "offset 15: expected a minute from 00 to 59, found \"6\""},
           Case{"21 Nov 2026 08:15:61 +0000",
                "offset 18: expected a second from 00 to 60, found \"6\""},
           Case{"21 Nov 2026 08:15:30.5 +0000",
                "offset 20: expected a blank and a zone such as \"+0000\", found \".\""},
           Case{"21 Nov 2026 08:15:30",
                "offset 20: expected a blank and a zone such as \"+0000\", found the end"},
           Case{"21 Nov 2026 08:15+0000",
                "offset 17: expected a blank and a zone such as \"+0000\", found \"+\""},
           Case{"21 Nov 2026 08:15 ",
                "offset 18: expected a zone such as \"+0000\", found the end"},
           Case{"21 Nov 2026 08:15 +00:00",
                "offset 19: expected a zone of four digits, found \"0\""},
           Case{"21 Nov 2026 08:15 +0060",
                "offset 19: expected a zone with minutes from 00 to 59, found \"0\""},
           Case{"21 Nov 2026 08:15 Europe/Berlin",
                "offset 18: expected a zone such as \"+0000\", found \"E\""},
           Case{"21 Nov 2026 08:15 +0000 x", "offset 24: expected the end, found \"x\""},
           Case{"21 Nov 2026 08:15 +0000 (", "offset 24: the comment is not closed"},
           Case{"99999999999999999999 Nov 2026 08:15 +0000",
                "offset 0: expected a day of the month, found \"9\""},
       }) {
    EXPECT_EQ(shown(value), expected) << value;
  }
}

}  // namespace
}  // namespace icm
