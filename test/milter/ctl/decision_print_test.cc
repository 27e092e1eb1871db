// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/decision_print.h"

#include <gtest/gtest.h>

namespace icm::ctl {
namespace {

DecisionRecord refused() {
  DecisionRecord record;
  record.time = "2026-11-21T08:15:30.123Z";
  record.verdict = "reject";
  record.policy = "list_unsubscribe";
  record.rule = "list_unsubscribe.post-missing";
  record.reply = "550 5.7.1 bulk mail needs one-click unsubscription";
  record.queue_id = "4XyZ12";
  record.mail_from = "news@shop.example";
  record.recipients = {"bob@icloud.com"};
  FindingRecord enforced;
  enforced.rule = "list_unsubscribe.post-missing";
  enforced.weight = "violation";
  enforced.effect = enforced.would = "reject";
  enforced.evidence = "no List-Unsubscribe-Post field";
  enforced.fix = "add List-Unsubscribe-Post: List-Unsubscribe=One-Click";
  enforced.reply = record.reply;
  FindingRecord observed;
  observed.rule = "format.date-past";
  observed.weight = "violation";
  observed.effect = "accept";
  observed.would = "defer";
  observed.held_back = "mode observe";
  observed.reply = "550 5.6.0 old";
  observed.prediction = "450 4.7.1";
  FindingRecord advice;
  advice.rule = "format.encoded-word";
  advice.weight = "advice";
  advice.effect = advice.would = "accept";
  record.findings = {enforced, observed, advice};
  return record;
}

TEST(PrintDecision, shows_what_was_decided_and_each_reason_in_columns) {
  EXPECT_EQ(
      print_decision(refused(), Terminal::plain()),
      "2026-11-21 08:15:30Z  reject      4XyZ12           news@shop.example -> bob@icloud.com\n"
      "  reject            list_unsubscribe.post-missing\n"
      "                    found  no List-Unsubscribe-Post field\n"
      "                    fix    add List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
      "                    told   550 5.7.1 bulk mail needs one-click unsubscription\n"
      "  would defer       format.date-past (mode observe)\n"
      "                    Apple  450 4.7.1\n"
      "  advice            format.encoded-word\n");
}

TEST(PrintDecision, tells_what_is_disputed_and_what_was_done) {
  DecisionRecord record = refused();
  FindingRecord disputed;
  disputed.rule = "alignment.spf-fail";
  disputed.weight = "violation";
  disputed.effect = disputed.would = "accept";
  disputed.held_back = "mode observe";
  disputed.disputed = "libspf2 says pass";
  FindingRecord sealed;
  sealed.rule = "arc_sealing.sealed";
  sealed.weight = "service";
  sealed.effect = sealed.would = "accept";
  FindingRecord held_back = sealed;
  held_back.held_back = "mode observe";
  record.findings = {disputed, sealed, held_back};
  EXPECT_EQ(print_findings(record, 2, Terminal::plain()),
            "  disputed          alignment.spf-fail (mode observe)\n"
            "                    but    libspf2 says pass\n"
            "  done              arc_sealing.sealed\n"
            "  not done          arc_sealing.sealed (mode observe)\n");
}

TEST(PrintDecision, has_its_columns_under_the_heading) {
  EXPECT_EQ(decision_heading(Terminal::plain()),
            "time (UTC)            verdict     queue id         from -> to\n");
}

TEST(PrintDecision, wraps_under_its_own_column_on_a_narrow_terminal) {
  DecisionRecord record = refused();
  record.findings.resize(1);
  EXPECT_EQ(
      print_decision(record, Terminal::plain(60)),
      "2026-11-21 08:15:30Z  reject      4XyZ12           news@shop.example -> bob@icloud.com\n"
      "  reject            list_unsubscribe.post-missing\n"
      "                    found  no List-Unsubscribe-Post field\n"
      "                    fix    add List-Unsubscribe-Post:\n"
      "                           List-Unsubscribe=One-Click\n"
      "                    told   550 5.7.1 bulk mail needs\n"
      "                           one-click unsubscription\n");
}

TEST(PrintDecision, is_one_line_for_a_message_without_findings) {
  DecisionRecord record;
  record.time = "2026-11-21T08:15:30.123Z";
  record.verdict = "accept";
  record.recipients = {"a@me.com", "b@me.com", "c@me.com", "d@me.com", "e@me.com"};
  EXPECT_EQ(print_decision(record, Terminal::plain()),
            "2026-11-21 08:15:30Z  accept      NOQUEUE          <> -> a@me.com, b@me.com, c@me.com "
            "and 2 more\n");
}

TEST(PrintDecision, names_recipients_taken_off_and_replies_that_no_policy_gave) {
  DecisionRecord record;
  record.time = "2026-11-21T08:15:30.123Z";
  record.verdict = "defer";
  record.queue_id = "4XyZ12";
  record.reply = "451 4.3.2 try again later";
  record.removed_recipients = {"eve@me.com"};
  EXPECT_EQ(print_decision(record, Terminal::plain()),
            "2026-11-21 08:15:30Z  defer       4XyZ12           <> -> nobody\n"
            "  taken off         eve@me.com\n"
            "                    told   451 4.3.2 try again later\n");
}

TEST(PrintDecision, lets_no_control_character_of_a_log_reach_the_terminal) {
  constexpr std::string_view evil = "\x1b[2J\x1b]0;x\x07\r\n\xc2\x9b";
  DecisionRecord record;
  record.time = record.verdict = record.queue_id = record.mail_from = evil;
  record.rule = record.reply = evil;
  record.recipients = record.removed_recipients = {evil};
  FindingRecord finding;
  finding.rule = finding.weight = finding.effect = finding.would = finding.held_back = evil;
  finding.evidence = finding.fix = finding.reply = finding.prediction = evil;
  record.findings = {finding};
  const std::string text = print_decision(record, Terminal::plain(80));
  for (const char c : text) {
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c < 0x7f)) << static_cast<int>(c);
  }
}

TEST(PrintDecision, paints_verdicts_and_effects) {
  DecisionRecord record = refused();
  const std::string text = print_decision(record, Terminal::colourful(80));
  EXPECT_NE(text.find("\x1b[31mreject    \x1b[0m"), std::string::npos) << text;
  EXPECT_NE(text.find("\x1b[33mwould defer     \x1b[0m"), std::string::npos) << text;
  EXPECT_NE(text.find("\x1b[2madvice          \x1b[0m"), std::string::npos) << text;
  EXPECT_EQ(style_of("accept"), Style::green);
  EXPECT_EQ(style_of("defer"), Style::yellow);
}

}  // namespace
}  // namespace icm::ctl
