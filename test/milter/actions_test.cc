// SPDX-License-Identifier: Apache-2.0
#include "milter/actions.h"

#include <gtest/gtest.h>

#include "test/support/recording_mta.h"

namespace icm {
namespace {

HeaderEdit insert(std::string name, std::string value) {
  return {.kind = HeaderEdit::Kind::insert, .name = std::move(name), .value = std::move(value)};
}
HeaderEdit remove(std::string name, int occurrence) {
  return {.kind = HeaderEdit::Kind::remove,
          .name = std::move(name),
          .value = {},
          .occurrence = occurrence};
}

const Changes everything{.headers = {insert("X-One", "1"), remove("A", 1), insert("X-Two", "2"),
                                     remove("B", 2), remove("A", 3), remove("a", 2)},
                         .quarantine_reason = "format.from: two mailboxes",
                         .delete_recipients = {"<a@icloud.com>", "<b@me.com> "}};

// Each removal renumbers the fields below it, so the lowest goes first.
TEST(Apply, asks_in_one_order_whatever_was_found_first) {
  RecordingMta mta;
  EXPECT_TRUE(apply(everything, mta));
  EXPECT_EQ(mta.changes(),
            (std::vector<std::string>{"remove A #3", "remove B #2", "remove a #2", "remove A #1",
                                      "insert 0 X-Two: 2", "insert 0 X-One: 1",
                                      "quarantine format.from: two mailboxes",
                                      "delete <a@icloud.com>", "delete <b@me.com> "}));
}

TEST(Apply, removes_a_field_once_that_two_want_gone) {
  RecordingMta mta;
  EXPECT_TRUE(apply({.headers = {remove("Bcc", 1), remove("bcc", 1), remove("Bcc", 2)},
                     .quarantine_reason = {},
                     .delete_recipients = {}},
                    mta));
  EXPECT_EQ(mta.changes(), (std::vector<std::string>{"remove Bcc #2", "remove Bcc #1"}));
}

TEST(Apply, asks_for_nothing_where_nothing_changes) {
  RecordingMta mta;
  EXPECT_TRUE(apply({}, mta));
  EXPECT_TRUE(mta.changes().empty());
}

TEST(Apply, stops_at_the_first_refusal_wherever_it_comes) {
  for (int refusal = 1; refusal <= 9; ++refusal) {
    RecordingMta mta;
    mta.refuse_from(refusal);
    EXPECT_FALSE(apply(everything, mta)) << refusal;
    EXPECT_EQ(mta.changes().size(), static_cast<std::size_t>(refusal));
  }
}

TEST(Apply, lets_no_text_of_a_message_start_a_line) {
  RecordingMta mta;
  EXPECT_TRUE(apply({.headers = {insert("X-Why", "a\r\nBcc: c@d\n\r\n\tb\r\n")},
                     .quarantine_reason = "a\r\nb",
                     .delete_recipients = {}},
                    mta));
  EXPECT_EQ(mta.changes(), (std::vector<std::string>{"insert 0 X-Why: a  Bcc: c@d \r\n\tb  ",
                                                     "quarantine a\\x0d\\x0ab"}));
}

TEST(OneField, keeps_folds_and_nothing_else_of_line_ends) {
  struct Case {
    std::string_view value;
    std::string_view expected;
  };
  for (const auto& [value, expected] : {
           Case{"a;\r\n b", "a;\r\n b"},
           Case{"a\r\nb", "a  b"},
           Case{"a\nb\rc", "a b c"},
           Case{"a\r\n", "a  "},
           Case{"", ""},
           Case{std::string_view("a\0b", 3), "a b"},
           Case{"\r\n \r\n", "\r\n   "},
       }) {
    EXPECT_EQ(one_field(value), expected);
  }
}

}  // namespace
}  // namespace icm
