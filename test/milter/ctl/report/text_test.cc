// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/text.h"

#include <gtest/gtest.h>

#include "policy/base/text.h"
#include "test/milter/ctl/report/facts_of_tests.h"

namespace icm::ctl::report {
namespace {

void expect_lines_of_mail(const std::string& words) {
  for (const std::string_view line : split(words, '\n')) {
    EXPECT_LE(line.size(), 78u) << line;
    EXPECT_TRUE(is_printable(line)) << line;
  }
}

TEST(TextReport, tells_a_day_in_lines_of_mail) {
  const std::string words = text(busy_day(), Terminal::plain());
  expect_lines_of_mail(words);
  EXPECT_EQ(words.substr(0, words.find("\nWho sent it")),
            "Mail to Apple from mail.corp.example\n"
            "20 Nov 2026, 08:00, to 21 Nov 2026, 08:00 (UTC)\n"
            "\n"
            "Of 1,135 messages for Apple, 99.1% went on. 10 were refused. 25 more would not\n"
            "have gone on, had every policy been enforced. In all up 1.3%: 1,120 in the\n"
            "span before.\n"
            "\n"
            "What became of the mail\n"
            "-----------------------\n"
            "                    NOW  BEFORE  CHANGE\n"
            "accepted          1,100   1,100  as before\n"
            "would be refused     25      20  up 25%\n"
            "on hold               0       0\n"
            "deferred              0       0\n"
            "refused              10       0  new\n"
            "\n"
            "What was stopped, and why\n"
            "-------------------------\n"
            "REFUSED  DEFERRED  WOULD BE  BEFORE  RULE\n"
            "     10         0         0       0  format.date-past\n"
            "\n"
            "- format.date-past asks: Date is not older than a queue keeps mail.\n"
            "  (/usr/share/doc/icloud-milter/policy/format.md)\n"
            "  Fix (4A): send it when it is written\n");
}

TEST(TextReport, keeps_to_its_lines_whatever_comes) {
  ReportFacts facts = busy_day();
  const std::string words(hostile);
  facts.host = facts.log.senders.at(0).sender = facts.log.rules.at(0).fix = std::string(300, 'x');
  facts.log.rules.at(0).fix = words + std::string(" x") + words;
  facts.throttle.limits.at(0).remarks = words;
  facts.replies.notices = {words};
  facts.log.files = {words};
  expect_lines_of_mail(text(facts, Terminal::plain()));
}

TEST(TextReport, says_what_there_is_not) {
  const std::string words = text(empty_day(), Terminal::plain());
  expect_lines_of_mail(words);
  for (const std::string_view sentence :
       {"No mail for Apple was judged in this span.", "No rule was broken.",
        "Apple's answers are not known: replies.db: nothing was learnt yet",
        "How the limits stand is not known: no daemon can be reached"}) {
    EXPECT_NE(words.find(sentence), words.npos) << sentence;
  }
}

}  // namespace
}  // namespace icm::ctl::report
