// SPDX-License-Identifier: Apache-2.0
#include "milter/tally.h"

#include <gtest/gtest.h>

#include "test/support/recording_log.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

Judged judged(std::string_view rule, Weight weight, Mode mode) {
  Judged one;
  one.finding.rule = rule;
  one.finding.weight = weight;
  one.mode = mode;
  if (mode == Mode::observe) one.held_back = "mode observe";
  return one;
}

Decision decision(Decision::Event event, Disposition disposition, std::vector<Judged> findings) {
  Decision decision;
  decision.event = event;
  decision.verdict.disposition = disposition;
  decision.verdict.findings = std::move(findings);
  decision.took = 3ms;
  return decision;
}

TEST(Tally, counts_messages_recipients_and_rules_and_hands_everything_on) {
  RecordingLog log;
  Tally tally(log);
  using Event = Decision::Event;
  tally.decision(decision(Event::message, Disposition::reject,
                          {judged("format.nul", Weight::violation, Mode::enforce),
                           judged("format.size", Weight::advice, Mode::enforce)}));
  tally.decision(decision(Event::message, Disposition::accept,
                          {judged("format.nul", Weight::violation, Mode::observe)}));
  Decision mixed = decision(Event::message, Disposition::accept, {});
  mixed.removed_recipients = {"a@icloud.com", "b@icloud.com"};
  mixed.took = 5ms;
  tally.decision(std::move(mixed));
  tally.decision(decision(Event::recipient, Disposition::reject, {}));
  tally.decision(decision(Event::recipient, Disposition::defer, {}));
  tally.decision(decision(Event::recipient, Disposition::accept, {}));
  tally.say(LogLevel::warning, "words");

  const TallyFigures figures = tally.figures();
  EXPECT_EQ(figures.judged(), 3u);
  EXPECT_EQ(figures.messages, (TallyFigures::ByDisposition{2, 0, 0, 0, 1}));
  EXPECT_EQ(figures.refused_recipients, 1u);
  EXPECT_EQ(figures.deferred_recipients, 1u);
  EXPECT_EQ(figures.removed_recipients, 2u);
  EXPECT_EQ(figures.took, 11ms);
  EXPECT_EQ(figures.longest, 5ms);
  EXPECT_EQ(figures.latency.microseconds, 11000u);
  EXPECT_EQ(figures.latency.classes[2], 3u);  // to 5 ms, that included
  EXPECT_EQ(figures.decided.at({Event::message, Disposition::accept, "", ""}), 2u);
  EXPECT_EQ(figures.decided.at({Event::recipient, Disposition::defer, "", ""}), 1u);
  EXPECT_EQ(figures.decided.size(), 5u);
  ASSERT_EQ(figures.rules.size(), 2u);
  EXPECT_EQ(figures.rules.at("format.nul").found, 2u);
  EXPECT_EQ(figures.rules.at("format.nul").acted, 1u);
  EXPECT_EQ(figures.rules.at("format.size").found, 1u);
  EXPECT_EQ(figures.rules.at("format.size").acted, 0u);
  EXPECT_EQ(log.decisions.size(), 6u);
  EXPECT_EQ(log.sentences, std::vector<std::string>{"warning: words"});
}

}  // namespace
}  // namespace icm
