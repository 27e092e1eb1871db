// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/log_tally.h"

#include <gtest/gtest.h>

#include "policy/replies/reply_table_file.h"
#include "test/milter/ctl/log_lines.h"
#include "test/milter/ctl/report/facts_of_tests.h"

namespace icm::ctl::report {
namespace {

class LogTallied : public testing::Test {
 protected:
  void read(const Decision& decision) { read(to_json(decision)); }
  void read(const std::string& line) {
    DecisionRecord record;
    const Status status = reader_.read(line, record);
    ASSERT_TRUE(status) << status.error().text;
    tally.add(record);
  }
  static Decision mail(std::string_view time, std::vector<Judged> findings = {}) {
    return with(accepted(time, "4A", "News@shop.example", "bob@icloud.com"), std::move(findings));
  }
  static Judged predicting(Judged found, std::string_view words) {
    found.finding.prediction = words;
    return found;
  }

  static const ReplyTable& table() {
    static const ReplyTable all = *load_reply_table("");
    return all;
  }
  LogTally tally{{report::at("2026-11-20T08:00:00Z"), report::at("2026-11-21T08:00:00Z")}, table()};

 private:
  DecisionReader reader_;
};

constexpr std::string_view today = "2026-11-20T10:00:00Z";
const Judged refusal = judged("format", "format.date-past", Mode::enforce);
const Judged observed = judged("alignment", "alignment.spf-fail", Mode::observe);

TEST_F(LogTallied, has_each_decision_once_in_its_step) {
  read(mail(today));
  read(mail(today, {observed}));
  read(mail("2026-11-20T10:29:59Z", {refusal, observed}));
  read(mail(today, {judged("throttle", "throttle.rate", Mode::enforce, Disposition::defer)}));
  read(mail(today, {judged("format", "format.bcc", Mode::enforce, Disposition::quarantine)}));
  const LogFacts facts = tally.facts();
  const Counts one_of_each{.by_outcome = {1, 1, 1, 1, 1}};
  EXPECT_EQ(facts.total, one_of_each);
  EXPECT_EQ(facts.steps.at(4).now, one_of_each);  // half hours
  EXPECT_EQ(facts.total_before.all(), 0u);
  EXPECT_FALSE(facts.has_before());
}

TEST_F(LogTallied, has_the_span_before_beside_the_span) {
  read(mail("2026-11-19T08:00:00Z", {refusal}));
  read(mail("2026-11-19T10:00:00Z"));
  read(mail("2026-11-18T10:00:00Z"));  // earlier still
  read(mail("2026-11-21T08:00:00Z"));  // and later
  const LogFacts facts = tally.facts();
  EXPECT_TRUE(facts.has_before());
  EXPECT_EQ(facts.total.all(), 0u);
  EXPECT_EQ(facts.total_before.all(), 2u);
  EXPECT_EQ(facts.steps.at(0).before[Outcome::refused], 1u);
  EXPECT_EQ(facts.steps.at(4).before[Outcome::accepted], 1u);
  ASSERT_EQ(facts.rules.size(), 1u);
  EXPECT_EQ(facts.rules[0].before[Outcome::refused], 1u);
}

TEST_F(LogTallied, leaves_arrivals_out) {
  Decision arrived = mail(today);
  arrived.envelope.role = Role::arrival;
  read(arrived);
  EXPECT_EQ(tally.facts().total.all(), 0u);
}

TEST_F(LogTallied, tells_each_rule_with_what_it_did_and_what_it_asks_for) {
  read(mail(today, {refusal, observed}));
  read(mail(today, {observed}));
  const LogFacts facts = tally.facts();
  ASSERT_EQ(facts.rules.size(), 2u);
  EXPECT_EQ(facts.rules[0].rule, "alignment.spf-fail");
  EXPECT_EQ(facts.rules[0].meaning, "SPF does not forbid our addresses.");
  EXPECT_EQ(facts.rules[0].page, "alignment.md");
  EXPECT_EQ(facts.rules[0].now[Outcome::would_be_refused], 2u);
  EXPECT_EQ(facts.rules[1].now[Outcome::refused], 1u);
  EXPECT_EQ(facts.rules[1].example, "4A");
  EXPECT_EQ(facts.rules[1].fix, "what to do");
}

TEST_F(LogTallied, has_no_row_for_a_rule_that_there_is_not) {
  for (int i = 0; i < 50; ++i) {
    Judged made_up = refusal;
    const std::string name = "format." + std::to_string(i);
    made_up.finding.rule = name;
    read(mail(today, {made_up}));
  }
  EXPECT_TRUE(tally.facts().rules.empty());
  EXPECT_EQ(tally.facts().total[Outcome::refused], 50u);
}

TEST_F(LogTallied, names_the_author_and_before_there_is_one_the_envelope_sender) {
  Decision mailing = mail(today);
  mailing.envelope.reverse_path.text = "bounce-123@shop.example";
  mailing.from = {"News@shop.example"};
  read(mailing);
  read(mail(today, {refusal}));
  Decision bounce = mail(today);
  bounce.envelope.reverse_path.text.clear();
  read(bounce);
  const LogFacts facts = tally.facts();
  ASSERT_EQ(facts.senders.size(), 2u);
  EXPECT_EQ(facts.senders[0].sender, "news@shop.example");
  EXPECT_EQ(facts.senders[0].counts.all(), 2u);
  EXPECT_EQ(facts.senders[0].rule, "format.date-past");
  EXPECT_EQ(facts.senders[1].sender, "<>");
}

TEST_F(LogTallied, knows_predictions_by_the_entry_that_explains_them) {
  const std::string_view hme1 =
      "554 5.7.1 [HME1] This message was blocked for failing both SPF and DKIM authentication "
      "checks";
  read(mail(today, {predicting(refusal, hme1)}));
  read(mail(today, {predicting(observed, hme1)}));
  read(mail(today, {predicting(observed, hme1)}));
  read(mail(today, {predicting(observed, no_answer_known)}));
  read(mail(today, {predicting(observed, "junk folder (p=quarantine of shop.example)")}));
  ASSERT_EQ(tally.predicted().size(), 1u);
  const auto& [entry, predicted] = *tally.predicted().begin();
  EXPECT_EQ(entry, "hme1-no-authentication");
  EXPECT_EQ(predicted.stopped, 1u);
  EXPECT_EQ(predicted.sent, 2u);
  EXPECT_EQ(tally.facts().silence_predicted, 1u);
  EXPECT_EQ(tally.facts().junk_predicted, 1u);
}

TEST_F(LogTallied, bounds_what_a_log_may_make_it_keep) {
  Judged endless = refusal;
  endless.finding.fix = std::string(900, 'x');
  Decision decision = mail(today, {endless});
  decision.envelope.queue_id = std::string(500, '4');
  read(decision);
  const LogFacts facts = tally.facts();
  ASSERT_EQ(facts.rules.size(), 1u);
  EXPECT_LE(facts.rules[0].fix.size(), 303u);
  EXPECT_EQ(facts.rules[0].example.size(), 64u);
}

TEST_F(LogTallied, passes_over_times_that_are_none) {
  read(R"({"time":"yesterday","verdict":"reject"})");
  EXPECT_EQ(tally.facts().total.all(), 0u);
  EXPECT_FALSE(tally.facts().begins);
}

}  // namespace
}  // namespace icm::ctl::report
