// SPDX-License-Identifier: Apache-2.0
#include "policy/replies/reply_table_file.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

constexpr std::string_view one = R"(replies:
  - id: mine
    pattern: 'go away'
    codes: ['5']
    class: content
    nature: until-fixed
    scope: message
    action: stop-message-alert
    confidence: high
    meaning: 'It wants us gone.'
    remedy: 'Ask why.'
    source: 'our log'
    date: '2026-11'
    examples: ['550 go away']
)";

std::string replaced(std::string_view what, std::string_view with) {
  std::string text(one);
  return text.replace(text.find(what), what.size(), with);
}

std::vector<std::string> problems(std::string_view text) {
  return read_reply_entries("own.yaml", text).problems;
}

TEST(ReplyTableFile, gives_the_entries_it_holds) {
  const ReplyEntries read = read_reply_entries("own.yaml", one);
  EXPECT_EQ(read.problems, std::vector<std::string>());
  ASSERT_EQ(read.entries.size(), 1U);
  EXPECT_EQ(read.entries[0].id, "mine");
  EXPECT_EQ(read.entries[0].codes, std::vector<std::string>{"5"});
  EXPECT_EQ(read.entries[0].action, ReplyAction::stop_message_alert);
  EXPECT_EQ(read.entries[0].examples, std::vector<std::string>{"550 go away"});
}

TEST(ReplyTableFile, says_where_it_is_wrong) {
  EXPECT_EQ(
      problems(replaced("high", "sure")),
      (std::vector<std::string>{"own.yaml:9:17: expected one of high, medium, low; got \"sure\""}));
  EXPECT_EQ(problems(replaced("date: '2026-11'", "date: 'soon'")),
            (std::vector<std::string>{"own.yaml:13:11: expected a date as 2026-09 or 2026-09-23"}));
  EXPECT_EQ(problems(replaced("['5']", "['9']")),
            (std::vector<std::string>{
                "own.yaml:4:12: expected codes or how they begin, such as 550 or 4"}));
  EXPECT_EQ(problems(replaced("source:", "sauce:")),
            (std::vector<std::string>{"own.yaml:12:5: a reply has no field \"sauce\"",
                                      "own.yaml:2:5: source is missing"}));
  EXPECT_EQ(problems("[]"),
            (std::vector<std::string>{"own.yaml:1:1: expected \"replies:\" and its list"}));
}

TEST(ReplyTableFile, extends_the_table_in_front_and_replaces_by_id) {
  std::vector<ReplyEntry> built_in(2);
  built_in[0].id = "a";
  built_in[1].id = "b";
  std::vector<ReplyEntry> own(2);
  own[0].id = "b";
  own[0].meaning = "ours";
  own[1].id = "c";
  const std::vector<ReplyEntry> all = extended_replies(built_in, own);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].id, "c");
  EXPECT_EQ(all[1].id, "a");
  EXPECT_EQ(all[2].id, "b");
  EXPECT_EQ(all[2].meaning, "ours");
}

TEST(ReplyTableFile, of_the_program_has_no_problem) {
  EXPECT_EQ(load_reply_table("").has_value(), true);
  EXPECT_GT(built_in_replies().size(), 90U);
}

TEST(ReplyTableFile, that_is_not_there_is_named) {
  EXPECT_EQ(load_reply_table("/nowhere/own.yaml").error(),
            (Error{Code::config, "/nowhere/own.yaml: No such file or directory"}));
}

}  // namespace
}  // namespace icm
