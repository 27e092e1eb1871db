// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/log_summary.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "test/milter/ctl/log_lines.h"

namespace icm::ctl {
namespace {

LogSummary sum(SummaryBy by, SummaryOf of, const std::vector<Decision>& decisions) {
  LogSummary summary(by, of);
  DecisionReader reader;
  DecisionRecord record;
  for (const Decision& decision : decisions) {
    const Status status = reader.read(to_json(decision), record);
    EXPECT_TRUE(status) << status.error().text;
    summary.add(record);
  }
  return summary;
}

// A day at a shop: one message passes, two lack one-click (observed), one is refused for its date,
// and a message to two suppressed recipients is refused to both of them one by one.
std::vector<Decision> day() {
  const Judged one_click =
      judged("list_unsubscribe", "list_unsubscribe.post-missing", Mode::observe);
  const Judged date = judged("format", "format.date-past", Mode::enforce, Disposition::defer);
  const Judged gone = judged("suppression", "suppression.hard-bounce", Mode::enforce);
  std::vector<Decision> decisions = {
      accepted("2026-11-20T08:00:00Z", "4A", "a@shop.example", "bob@icloud.com"),
      with(accepted("2026-11-20T09:00:00Z", "4B", "news@shop.example", "bob@icloud.com"),
           {one_click}),
      with(accepted("2026-11-20T10:00:00Z", "4C", "News@shop.example", "eve@icloud.com"),
           {one_click}),
      with(accepted("2026-11-20T11:00:00Z", "4D", "a@shop.example", "bob@icloud.com"),
           {date, one_click}),
      with(accepted("2026-11-20T12:00:00Z", "4E", "", "gone1@me.com"), {gone}),
      with(accepted("2026-11-20T12:00:00Z", "4E", "", "gone2@me.com"), {gone}),
  };
  decisions[4].event = decisions[5].event = Decision::Event::recipient;
  return decisions;
}

constexpr ReadingReport all_read{.decisions = 6, .bad_lines = 0, .examples = {}};

TEST(LogSummary, counts_by_rule_what_acted_and_what_would_have) {
  const LogSummary summary = sum(SummaryBy::rule, SummaryOf::everything, day());
  EXPECT_EQ(
      summary.text(all_read, {}, Terminal::plain()),
      "2026-11-20 08:00 to 2026-11-20 12:00 (UTC), 6 decisions read\n"
      "\n"
      "verdict     messages  if enforced  recipients  if enforced\n"
      "accept             3            1           0            0\n"
      "tag                0            0           0            0\n"
      "quarantine         0            0           0            0\n"
      "defer              1            0           0            0\n"
      "reject             0            3           2            2\n"
      "\n"
      "rule                           mode     effect        messages  recipients  senders  "
      "example\n"
      "list_unsubscribe.post-missing  observe  would reject         3           2        2  4B\n"
      "format.date-past               enforce  defer                1           1        1  4D\n"
      "suppression.hard-bounce        enforce  reject               1           2        1  4E\n"
      "\n"
      "fix, as told for the example\n"
      "list_unsubscribe.post-missing\n    what to do\n"
      "format.date-past\n    what to do\n"
      "suppression.hard-bounce\n    what to do\n");
}

TEST(LogSummary, counts_what_the_libraries_dispute) {
  Judged disputed = judged("alignment", "alignment.spf-fail", Mode::enforce);
  disputed.finding.disputed = "libspf2 says pass";
  disputed.held_back = "disputed: libspf2 says pass";
  disputed.effect = disputed.would = Disposition::accept;
  const LogSummary summary = sum(
      SummaryBy::rule, SummaryOf::everything,
      {with(accepted("2026-11-20T09:00:00Z", "4B", "a@shop.example", "bob@icloud.com"), {disputed}),
       with(accepted("2026-11-20T10:00:00Z", "4C", "b@shop.example", "bob@icloud.com"),
            {disputed})});
  const auto json = nlohmann::json::parse(summary.json(all_read, {}));
  ASSERT_EQ(json["rows"].size(), 1u);
  EXPECT_EQ(json["rows"][0]["rule"], "alignment.spf-fail");
  EXPECT_EQ(json["rows"][0]["effect"], "disputed");
  EXPECT_EQ(json["rows"][0]["messages"], 2);
}

TEST(LogSummary, shows_only_what_was_held_back_when_asked_for_that) {
  const LogSummary summary = sum(SummaryBy::policy, SummaryOf::observed, day());
  const std::string text = summary.text(all_read, {}, Terminal::plain());
  EXPECT_NE(text.find("policy            mode     effect        messages"), std::string::npos)
      << text;
  EXPECT_NE(text.find("list_unsubscribe  observe  would reject         3"), std::string::npos)
      << text;
  EXPECT_EQ(text.find("suppression"), std::string::npos) << text;
}

TEST(LogSummary, counts_by_sender_without_regard_to_case) {
  const LogSummary summary = sum(SummaryBy::sender, SummaryOf::everything, day());
  const std::string text = summary.text(all_read, {}, Terminal::plain());
  const std::string rows = text.substr(text.find("sender"));
  EXPECT_EQ(
      rows,
      "sender             messages  refused  would be  recipients  example  mostly for\n"
      "news@shop.example         2        0         2           2  4B       "
      "list_unsubscribe.post-missing\n"
      "a@shop.example            2        1         0           1  4D       format.date-past\n"
      "<>                        1        1         0           2  4E       "
      "suppression.hard-bounce\n");
}

TEST(LogSummary, leaves_out_senders_with_nothing_observed_when_asked_for_that) {
  const LogSummary summary = sum(SummaryBy::sender, SummaryOf::observed, day());
  const auto json = nlohmann::json::parse(summary.json(all_read, {}));
  ASSERT_EQ(json["rows"].size(), 2u);
  EXPECT_EQ(json["rows"][0]["sender"], "news@shop.example");
  EXPECT_EQ(json["rows"][1]["sender"], "a@shop.example") << "deferred now, rejected then";
}

TEST(LogSummary, counts_by_stream_and_by_class_where_there_is_none) {
  std::vector<Decision> decisions = day();
  decisions[0].classification.stream.clear();
  const LogSummary summary = sum(SummaryBy::stream, SummaryOf::everything, decisions);
  const auto json = nlohmann::json::parse(summary.json(all_read, {}));
  ASSERT_EQ(json["rows"].size(), 2u);
  EXPECT_EQ(json["rows"][0]["stream"], "news");
  EXPECT_EQ(json["rows"][0]["messages"], 4);
  EXPECT_EQ(json["rows"][1]["stream"], "(bulk)");
}

TEST(LogSummary, says_the_same_as_json) {
  const LogSummary summary = sum(SummaryBy::rule, SummaryOf::everything, day());
  const auto json = nlohmann::json::parse(
      summary.json({.decisions = 6, .bad_lines = 2, .examples = {}}, {.rows = 1}));
  const auto expected = nlohmann::json::parse(R"({
    "from": "2026-11-20T08:00:00.000Z", "to": "2026-11-20T12:00:00.000Z",
    "decisions_read": 6, "bad_lines": 2,
    "messages": {
      "now": {"accept": 3, "tag": 0, "quarantine": 0, "defer": 1, "reject": 0},
      "if_enforced": {"accept": 1, "tag": 0, "quarantine": 0, "defer": 0, "reject": 3}},
    "recipients": {
      "now": {"accept": 0, "tag": 0, "quarantine": 0, "defer": 0, "reject": 2},
      "if_enforced": {"accept": 0, "tag": 0, "quarantine": 0, "defer": 0, "reject": 2}},
    "by": "rule",
    "rows": [{"rule": "list_unsubscribe.post-missing", "mode": "observe",
              "effect": "would reject", "messages": 3, "recipients": 2, "senders": 2,
              "example": "4B", "fix": "what to do"}]})");
  EXPECT_EQ(json, expected) << json.dump(2);
}

TEST(LogSummary, says_how_many_rows_it_leaves_out) {
  const LogSummary summary = sum(SummaryBy::rule, SummaryOf::everything, day());
  const std::string text = summary.text(all_read, {.rows = 1}, Terminal::plain());
  EXPECT_NE(text.find("  4B\nand 2 more; --limit 0 shows all\n"), std::string::npos) << text;
}

TEST(LogSummary, does_not_count_what_another_origin_would_not_have_met) {
  Judged elsewhere = judged("format", "format.date-past", Mode::observe, Disposition::accept);
  elsewhere.held_back = "origin forwarded";
  const std::vector<Decision> decisions = {
      with(accepted("2026-11-20T08:00:00Z", "4A", "a@b.example", "bob@icloud.com"), {elsewhere})};
  const LogSummary all = sum(SummaryBy::rule, SummaryOf::everything, decisions);
  EXPECT_EQ(nlohmann::json::parse(all.json(all_read, {}))["rows"][0]["effect"], "no effect");
  const LogSummary observed = sum(SummaryBy::rule, SummaryOf::observed, decisions);
  EXPECT_TRUE(nlohmann::json::parse(observed.json(all_read, {}))["rows"].empty());
}

TEST(LogSummary, counts_a_queue_id_that_comes_again_on_another_day_as_another_message) {
  const Judged gone = judged("suppression", "suppression.manual", Mode::enforce);
  const LogSummary summary =
      sum(SummaryBy::rule, SummaryOf::everything,
          {with(accepted("2026-11-20T08:00:00Z", "4A", "a@b.example", "x@me.com"), {gone}),
           with(accepted("2026-11-21T08:00:00Z", "4A", "a@b.example", "x@me.com"), {gone}),
           with(accepted("2026-11-21T08:00:00Z", "", "a@b.example", "x@me.com"), {gone}),
           with(accepted("2026-11-21T08:00:00Z", "", "a@b.example", "x@me.com"), {gone})});
  const auto json = nlohmann::json::parse(summary.json(all_read, {}));
  EXPECT_EQ(json["rows"][0]["messages"], 4);
  EXPECT_EQ(json["rows"][0]["recipients"], 1);
}

TEST(LogSummary, of_nothing_says_so) {
  const LogSummary summary(SummaryBy::rule, SummaryOf::everything);
  EXPECT_EQ(summary.text(all_read, {}, Terminal::plain()), "no decision (6 read)\n");
}

}  // namespace
}  // namespace icm::ctl
