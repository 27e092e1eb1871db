// SPDX-License-Identifier: Apache-2.0
#include "policy/engine.h"

#include <gtest/gtest.h>

#include "test/support/mail_text.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

const WallTime now = *parse_time("2026-11-21T08:00:00Z");

// Says what the test told it to say, and that it was asked.
class ScriptedPolicy final : public Policy {
 public:
  ScriptedPolicy(std::string_view name, Result<Findings> answer, std::vector<std::string>& asked)
      : name_(name), answer_(std::move(answer)), asked_(asked) {}

  std::string_view name() const override { return name_; }
  Result<Findings> judge(const Facts&, Deadline) const override {
    asked_.emplace_back(name_);
    return answer_;
  }
  Result<Findings> judge_recipient(const Envelope&, const Recipient&, WallTime,
                                   Deadline) const override {
    asked_.emplace_back(name_);
    return answer_;
  }

 private:
  std::string_view name_;
  Result<Findings> answer_;
  std::vector<std::string>& asked_;
};

Finding violation(std::string_view rule) {
  Finding finding;
  finding.rule = rule;
  finding.reply = {550, "5.7.1", "refused"};
  finding.evidence = "evidence";
  return finding;
}

// A site with two policies, "first" and "second", and one message from a submission client.
class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    first.mode = Mode::enforce;
    second.mode = Mode::enforce;
    envelope.origin = Origin::submission;
    envelope.reverse_path = ReversePath::from("shop@shop.example");
  }

  PolicySet policies() {
    std::vector<ConfiguredPolicy> made;
    made.push_back(
        {std::make_unique<ScriptedPolicy>("first", first_says, asked), &first, "first.error"});
    made.push_back(
        {std::make_unique<ScriptedPolicy>("second", second_says, asked), &second, "second.error"});
    return PolicySet(std::move(made));
  }

  Verdict judge(Deadline deadline = Deadline::in(1min)) {
    const BodyFindings body;
    const Result<std::vector<Address>> authors;
    const Classification classification;
    const PolicySet set = policies();
    return Engine(set).judge({.envelope = envelope,
                              .headers = headers,
                              .body = body,
                              .authors = authors,
                              .classification = classification,
                              .now = now},
                             deadline);
  }

  Verdict judge_recipient(std::string_view address, Deadline deadline = Deadline::in(1min)) {
    Recipient recipient;
    recipient.text = address;
    recipient.mailbox = *Mailbox::parse(address);
    const PolicySet set = policies();
    return Engine(set).judge_recipient(envelope, recipient, now, deadline);
  }

  PolicyConfig first;
  PolicyConfig second;
  Result<Findings> first_says;
  Result<Findings> second_says;
  Envelope envelope;
  HeaderList headers = mail_text("Message-ID: <1@shop.example>\n").headers;
  std::vector<std::string> asked;
};

using Names = std::vector<std::string>;

TEST_F(EngineTest, accepts_when_nobody_objects) {
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::accept);
  EXPECT_EQ(verdict.policy, "");
  EXPECT_TRUE(verdict.findings.empty());
  EXPECT_EQ(asked, (Names{"first", "second"}));
}

TEST_F(EngineTest, rejects_with_the_reply_of_the_finding_and_stops_asking) {
  first_says = Findings{violation("first.bad")};
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::reject);
  EXPECT_EQ(verdict.reply, (SmtpReply{550, "5.7.1", "refused"}));
  EXPECT_EQ(verdict.policy, "first");
  EXPECT_EQ(verdict.rule, "first.bad");
  EXPECT_EQ(asked, Names{"first"});
}

TEST_F(EngineTest, still_asks_observing_policies_after_a_reject) {
  first_says = Findings{violation("first.bad")};
  second_says = Findings{violation("second.bad")};
  second.mode = Mode::observe;
  const Verdict verdict = judge();
  EXPECT_EQ(asked, (Names{"first", "second"}));
  ASSERT_EQ(verdict.findings.size(), 2u);
  EXPECT_EQ(verdict.findings[1].held_back, "mode observe");
  EXPECT_EQ(verdict.rule, "first.bad");
}

TEST_F(EngineTest, goes_on_asking_after_a_deferral) {
  first_says = Findings{violation("first.bad")};
  first.action = Disposition::defer;
  second_says = Findings{violation("second.bad")};
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::reject);
  EXPECT_EQ(verdict.rule, "second.bad");
}

TEST_F(EngineTest, does_what_the_action_says) {
  first_says = Findings{violation("first.bad")};
  first.action = Disposition::defer;
  EXPECT_EQ(judge().reply, (SmtpReply{451, "4.7.1", "refused"}));
  first.action = Disposition::quarantine;
  EXPECT_EQ(judge().quarantine_reason, "first.bad: evidence");
  first.action = Disposition::accept;
  EXPECT_EQ(judge().disposition, Disposition::accept);
}

TEST_F(EngineTest, tags_with_rule_and_evidence_made_safe) {
  Finding finding = violation("first.bad");
  finding.evidence = "From: \"x\"\r\nEvil: yes\xc3\xa9";
  first_says = Findings{finding};
  first.action = Disposition::tag;
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::tag);
  EXPECT_EQ(verdict.headers,
            (std::vector<HeaderEdit>{
                {.kind = HeaderEdit::Kind::insert,
                 .name = "X-ICloud-Milter",
                 .value = "first.bad;\r\n From: \"x\"\\x0d\\x0aEvil: yes\\xc3\\xa9"}}));
}

TEST_F(EngineTest, gives_words_to_a_refusal_that_has_none) {
  Finding finding = violation("first.bad");
  finding.reply = {};
  finding.fix = "do better";
  first_says = Findings{finding};
  EXPECT_EQ(judge().reply, (SmtpReply{550, "5.7.1", "first.bad: evidence; do better"}));
}

TEST_F(EngineTest, lets_a_rule_that_demands_something_have_its_way) {
  Finding finding = violation("first.slow-down");
  finding.wish = Disposition::defer;
  first_says = Findings{finding};
  EXPECT_EQ(judge().disposition, Disposition::defer);
}

TEST_F(EngineTest, never_lets_advice_act) {
  Finding advice = violation("first.advice");
  advice.weight = Weight::advice;
  advice.wish = Disposition::reject;
  first_says = Findings{advice};
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::accept);
  EXPECT_EQ(verdict.findings.at(0).effect, Disposition::accept);
  EXPECT_EQ(verdict.findings.at(0).held_back, "");
}

TEST_F(EngineTest, takes_the_mode_of_a_single_rule_before_that_of_its_policy) {
  first_says = Findings{violation("first.off"), violation("first.watched"), violation("first.bad")};
  first.mode = Mode::observe;
  first.rules = {{"off", Mode::off}, {"bad", Mode::enforce}};
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.rule, "first.bad");
  ASSERT_EQ(verdict.findings.size(), 2u);
  EXPECT_EQ(verdict.findings[0].finding.rule, "first.watched");
  EXPECT_EQ(verdict.findings[0].mode, Mode::observe);
  EXPECT_EQ(verdict.findings[0].held_back, "mode observe");
  EXPECT_EQ(verdict.findings[1].mode, Mode::enforce);
}

TEST_F(EngineTest, only_observes_mail_of_another_origin) {
  first_says = Findings{violation("first.bad")};
  envelope.origin = Origin::forwarded;
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::accept);
  EXPECT_EQ(verdict.findings.at(0).mode, Mode::observe);
  EXPECT_EQ(verdict.findings.at(0).held_back, "origin forwarded");
}

TEST_F(EngineTest, only_observes_from_the_date_on_that_until_names) {
  first_says = Findings{violation("first.bad")};
  first.until = now + 1ms;
  EXPECT_EQ(judge().disposition, Disposition::reject);
  first.until = now;
  EXPECT_EQ(judge().findings.at(0).held_back, "until 2026-11-21T08:00:00.000Z");
  first.until = *parse_time("2026-11-20");
  EXPECT_EQ(judge().findings.at(0).held_back, "until 2026-11-20");
  EXPECT_EQ(judge().findings.at(0).mode, Mode::observe);
}

TEST_F(EngineTest, does_not_enforce_what_an_independent_implementation_disputes) {
  Finding finding = violation("first.bad");
  finding.disputed = "libspf2 says pass";
  first_says = Findings{finding};
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::accept);
  EXPECT_EQ(verdict.findings.at(0).mode, Mode::enforce);
  EXPECT_EQ(verdict.findings.at(0).held_back, "disputed: libspf2 says pass");
  // Nor would it, were the policy enforced.
  EXPECT_EQ(verdict.findings.at(0).would, Disposition::accept);
}

TEST_F(EngineTest, spares_messages_outside_the_canary_percent) {
  first_says = Findings{violation("first.bad")};
  const int bucket = canary_bucket(headers);
  first.percent = bucket;
  const Verdict spared = judge();
  EXPECT_EQ(spared.disposition, Disposition::accept);
  EXPECT_EQ(spared.findings.at(0).mode, Mode::enforce);
  EXPECT_EQ(spared.findings.at(0).held_back, fmt::format("not among the {} percent", bucket));
  first.percent = bucket + 1;
  EXPECT_EQ(judge().disposition, Disposition::reject);
}

TEST_F(EngineTest, records_an_error_and_goes_on_when_on_error_is_accept) {
  first_says = fail(Code::temporary, "store.db: locked");
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::accept);
  ASSERT_EQ(verdict.findings.size(), 1u);
  const Judged& error = verdict.findings.front();
  EXPECT_EQ(error.finding.rule, "first.error");
  EXPECT_EQ(error.finding.evidence, "store.db: locked");
  EXPECT_EQ(error.held_back, "on_error accept");
  EXPECT_EQ(asked, (Names{"first", "second"}));
}

TEST_F(EngineTest, defers_on_an_error_without_telling_the_client_more_than_its_name) {
  first_says = fail(Code::permanent, "/var/lib/icloud-milter/store.db: locked");
  first.on_error = OnError::defer;
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::defer);
  EXPECT_EQ(
      verdict.reply,
      (SmtpReply{451, "4.3.0", "first.error: this mail could not be judged now; try again later"}));
}

TEST_F(EngineTest, never_defers_on_an_error_of_a_policy_that_only_observes) {
  first_says = fail(Code::temporary, "locked");
  first.on_error = OnError::defer;
  first.mode = Mode::observe;
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::accept);
  EXPECT_EQ(verdict.findings.at(0).held_back, "mode observe");
}

TEST_F(EngineTest, treats_policies_it_had_no_time_for_as_errors) {
  second.on_error = OnError::defer;
  const Verdict verdict = judge(Deadline::in(0s));
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(verdict.disposition, Disposition::defer);
  ASSERT_EQ(verdict.findings.size(), 2u);
  EXPECT_EQ(verdict.findings[0].finding.evidence, "out of time");
  EXPECT_EQ(verdict.rule, "second.error");
}

TEST_F(EngineTest, judges_a_recipient_without_header_edits) {
  Finding finding = violation("first.bad");
  finding.headers = {{.kind = HeaderEdit::Kind::insert, .name = "X", .value = "y"}};
  finding.wish = Disposition::accept;
  first_says = Findings{finding};
  EXPECT_TRUE(judge_recipient("bob@icloud.com").headers.empty());
  EXPECT_EQ(judge().headers.size(), 1u);
}

TEST_F(EngineTest, defers_a_recipient_that_cannot_be_put_on_hold_and_lets_one_go_it_cannot_tag) {
  first_says = Findings{violation("first.bad")};
  first.action = Disposition::quarantine;
  EXPECT_EQ(judge_recipient("bob@icloud.com").reply, (SmtpReply{451, "4.7.1", "refused"}));
  first.action = Disposition::tag;
  const Verdict verdict = judge_recipient("bob@icloud.com");
  EXPECT_EQ(verdict.disposition, Disposition::accept);
  EXPECT_EQ(verdict.findings.at(0).held_back, "a single recipient cannot be tagged");
}

TEST_F(EngineTest, puts_a_recipient_in_the_same_bucket_each_time) {
  first_says = Findings{violation("first.bad")};
  const Recipient recipient{
      .text = "bob@icloud.com", .mailbox = *Mailbox::parse("bob@icloud.com"), .original = {}};
  first.percent = canary_bucket(envelope, recipient) + 1;
  EXPECT_EQ(judge_recipient("BOB@icloud.com").disposition, Disposition::reject);
  first.percent = canary_bucket(envelope, recipient);
  EXPECT_EQ(judge_recipient("Bob@icloud.com").disposition, Disposition::accept);
}

TEST(CanaryBucket, is_the_same_in_every_version_and_on_every_machine) {
  EXPECT_EQ(canary_bucket(mail_text("Message-ID: <1@shop.example>\n").headers), 18);
  EXPECT_EQ(canary_bucket(mail_text("Message-ID:\n <1@shop.example> \nTo: x\n").headers), 18);
}

TEST(CanaryBucket, comes_from_author_date_and_subject_without_a_message_id) {
  const auto bucket = [](std::string_view text) { return canary_bucket(mail_text(text).headers); };
  EXPECT_EQ(bucket("From: a@b.example\nSubject: s\n"), bucket("Subject: s\nFrom: a@b.example\n"));
  EXPECT_NE(bucket("From: a@b.example\nSubject: s\n"), bucket("From: a@b.example\nSubject: t\n"));
}

TEST(CanaryBucket, spreads_messages_evenly) {
  int below_ten = 0;
  for (int i = 0; i < 10000; ++i) {
    HeaderList headers;
    headers.add("Message-ID", fmt::format(" <{}@shop.example>", i));
    const int bucket = canary_bucket(headers);
    ASSERT_GE(bucket, 0);
    ASSERT_LT(bucket, 100);
    if (bucket < 10) ++below_ten;
  }
  EXPECT_GT(below_ten, 850);
  EXPECT_LT(below_ten, 1150);
}

}  // namespace
}  // namespace icm
