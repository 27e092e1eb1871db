// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/page.h"

#include <gtest/gtest.h>

#include "milter/ctl/report/page_parts.h"
#include "test/milter/ctl/report/facts_of_tests.h"

namespace icm::ctl::report {
namespace {

int times(std::string_view text, std::string_view words) {
  int count = 0;
  for (auto at = text.find(words); at != text.npos; at = text.find(words, at + 1)) ++count;
  return count;
}

// Every text of the facts that may come from a log, an answer or a file's name.
ReportFacts hostile_day() {
  ReportFacts facts = busy_day();
  const std::string words(hostile);
  facts.host = words;
  facts.log.files = {words};
  RuleFacts& rule = facts.log.rules.at(0);
  rule.rule = rule.meaning = rule.page = rule.example = rule.fix = words;
  facts.log.senders.at(0).sender = facts.log.senders.at(0).rule = words;
  for (AnswerFacts& answer : facts.replies.answers) answer.entry = answer.meaning = words;
  facts.replies.notices = {words};
  facts.throttle.mode = words;
  LimitFacts& limit = facts.throttle.limits.at(0);
  limit.name = limit.subject = limit.window = limit.remarks = words;
  facts.throttle.pauses = {{.what = words, .until = words, .why = words}};
  return facts;
}

TEST(Page, begins_as_every_page_and_lets_nothing_be_fetched_or_run) {
  const std::string text = page(busy_day());
  EXPECT_TRUE(text.starts_with(page_begin));
  EXPECT_EQ(times(text, "content=\"default-src 'none'; style-src 'unsafe-inline'\""), 1);
  EXPECT_LT(text.find("Content-Security-Policy"), text.find("<style>"));
  for (const std::string_view word : {"<script", "http://", "https://", "url(", "@import", "<link",
                                      "<img", "<iframe", "src=", "href="}) {
    EXPECT_EQ(times(text, word), 0) << word;
  }
}

TEST(Page, is_the_same_for_the_same_facts) { EXPECT_EQ(page(busy_day()), page(busy_day())); }

TEST(Page, takes_no_tag_and_no_control_character_from_outside) {
  const std::string text = page(hostile_day());
  EXPECT_EQ(times(text, "<script"), 0);
  EXPECT_EQ(times(text, "alert(1)"),
            times(text, "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;amp;"));
  EXPECT_GT(times(text, "alert(1)"), 15);
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    ASSERT_TRUE(c == '\n' || (octet >= 0x20 && octet < 0x7f)) << int{octet};
  }
  // As many tags as without: nothing from outside made one, or ended one.
  ReportFacts plain = hostile_day();
  EXPECT_EQ(times(text, "<"), times(page(plain), "<"));
}

TEST(Page, bounds_every_text) {
  ReportFacts facts = busy_day();
  const std::size_t usual = page(facts).size();
  facts.log.senders.at(0).sender = std::string(1'000'000, 'x');
  facts.log.rules.at(0).fix = std::string(1'000'000, 'x');
  facts.replies.notices = {std::string(1'000'000, 'x')};
  EXPECT_LT(page(facts).size(), usual + 5000);
}

TEST(Page, says_what_there_is_not) {
  const std::string text = page(empty_day());
  for (const std::string_view words :
       {"No mail for Apple was judged in this span.", "There is nothing to show.",
        "No rule was broken.", "Nobody.", "Apple's answers are not known: replies.db",
        "How the limits stand is not known: no daemon can be reached",
        "The log that was read has no decision."}) {
    EXPECT_EQ(times(text, words), 1) << words;
  }
  EXPECT_EQ(times(text, "<svg"), 0);
}

TEST(Page, compares_with_the_span_before_where_the_log_has_it) {
  ReportFacts facts = busy_day();
  EXPECT_EQ(times(page(facts), "class=\"before\""), 2);  // what there was of before
  EXPECT_EQ(times(page(facts), "In all up 1.3%: 1,120 in the span before."), 1);
  facts.log.begins = facts.log.now.since;
  EXPECT_EQ(times(page(facts), "class=\"before\""), 0);
  EXPECT_EQ(times(page(facts), "so the span is not compared with the one before."), 1);
}

TEST(Page, has_a_table_for_each_chart_and_a_heading_for_each_row) {
  const std::string text = page(busy_day());
  EXPECT_EQ(times(text, "<table>"), times(text, "<caption>"));
  EXPECT_GE(times(text, "<table>"), 5);
  EXPECT_EQ(times(text, "<tr><th scope="), times(text, "<tr>"));
  EXPECT_EQ(
      times(text, "<svg role=\"img\"") + times(text, "<svg class=\"bar\" aria-hidden=\"true\""),
      times(text, "<svg"));
}

TEST(HtmlText, is_escaped_and_printable) {
  EXPECT_EQ(html("a<b>&\"'\x1b\xc3\xbc"), "a&lt;b&gt;&amp;&quot;&#39;\\x1b\\xc3\\xbc");
  EXPECT_EQ(html(std::string(1000, 'x')).size(), 403u);
}

}  // namespace
}  // namespace icm::ctl::report
