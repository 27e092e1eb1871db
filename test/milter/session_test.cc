// SPDX-License-Identifier: Apache-2.0
#include "milter/session.h"

#include "policy/throttle.h"
#include "test/milter/session_fixture.h"

namespace icm {
namespace {

using Arrival = SessionTest;
using Gate = SessionTest;

TEST_F(Arrival, strips_forged_results_from_below_and_puts_its_own_on_top) {
  build();
  connect("smtpd");
  mail();
  EXPECT_EQ(rcpt("<bob@icloud.com>"), go_on) << "nothing is refused here by Apple's rules";
  EXPECT_EQ(send("Authentication-Results: mx.ours.example; auth=pass\n"
                 "Authentication-Results: mx.theirs.example; spf=pass\n"
                 "Authentication-Results: MX.OURS.EXAMPLE; auth=pass\n"
                 "Subject: hi\n"),
            go_on);
  EXPECT_EQ(mta_.changes(),
            (Changes{"remove Authentication-Results #3", "remove Authentication-Results #1",
                     "insert 0 Authentication-Results: mx.ours.example; auth=none "
                     "policy.origin=outside"}));
  EXPECT_TRUE(log_.decisions.empty());
  EXPECT_EQ(log_.sentences,
            Changes{"warning: 4XYZ: removed 2 Authentication-Results that claimed to be by "
                    "mx.ours.example, client=198.51.100.7"});
}

TEST_F(Arrival, vouches_for_a_login) {
  build();
  connect("submission");
  mail("<shop@ours.example>", "shop");
  EXPECT_EQ(rcpt("<carol@elsewhere.example>"), go_on);
  EXPECT_EQ(send(honest), go_on);
  EXPECT_EQ(mta_.changes(), Changes{"insert 0 Authentication-Results: mx.ours.example; auth=pass "
                                    "policy.origin=submission"});
}

TEST_F(Arrival, needs_no_body_and_no_recipient) {
  build();
  connect("smtpd");
  mail();
  EXPECT_TRUE(session_.body_is_settled());
  EXPECT_EQ(send(honest), go_on);
  EXPECT_EQ(mta_.changes().size(), 1u);
}

TEST_F(Arrival, defers_when_a_change_is_refused) {
  for (int request = 1; request <= 2; ++request) {
    build();
    connect("smtpd");
    mail();
    RecordingMta refusing;
    refusing.refuse_from(request);
    session_.header("Authentication-Results", " mx.ours.example; auth=pass");
    session_.end_of_header();
    EXPECT_EQ(session_.end_of_message("4XYZ", refusing),
              refuse(451, "4.3.0", "A change to this message could not be made; try again later"));
    EXPECT_EQ(log_.sentences.back(),
              "error: 4XYZ: the mail server refused a header change; message deferred");
  }
}

TEST_F(Gate, lets_mail_for_others_go_at_data_untouched) {
  build();
  connect("ICLOUD-GATE");
  mail();
  EXPECT_EQ(rcpt("<carol@elsewhere.example>"), go_on);
  EXPECT_EQ(rcpt("<postmaster>"), go_on);
  EXPECT_EQ(send(honest), let_go);
  EXPECT_FALSE(session_.is_in_message());
  EXPECT_TRUE(mta_.changes().empty());
  EXPECT_TRUE(log_.decisions.empty());
}

TEST_F(Gate, judges_mail_to_an_address_of_apples_that_is_too_long) {
  build();
  connect("ICLOUD-GATE");
  mail();
  EXPECT_EQ(rcpt("<" + std::string(65, 'b') + "@iCloud.com>"), go_on);
  EXPECT_EQ(send(honest), go_on);
  ASSERT_EQ(log_.decisions.size(), 1u);
  ASSERT_EQ(log_.decisions[0].envelope.recipients.size(), 1u);
  EXPECT_TRUE(log_.decisions[0].envelope.recipients[0].is_apple);
}

TEST_F(Gate, accepts_untroubled_mail_and_logs_it) {
  build();
  connect("ICLOUD-GATE", "127.0.0.1");
  mail();
  EXPECT_EQ(rcpt("<Carol@iCloud.com>", "ORCPT=rfc822;fwd@ours.example"), go_on);
  EXPECT_EQ(send(honest), go_on);
  EXPECT_TRUE(mta_.changes().empty());
  ASSERT_EQ(log_.decisions.size(), 1u);
  const Decision& decision = log_.decisions[0];
  EXPECT_EQ(decision.event, Decision::Event::message);
  EXPECT_EQ(decision.time, clock_.now());
  EXPECT_EQ(decision.envelope.queue_id, "4XYZ");
  EXPECT_EQ(decision.envelope.role, Role::gate);
  EXPECT_EQ(decision.envelope.client_name, "client.example");
  EXPECT_EQ(decision.envelope.helo, "client.example");
  EXPECT_EQ(decision.envelope.reverse_path.text, "shop@ours.example");
  ASSERT_EQ(decision.envelope.recipients.size(), 1u);
  EXPECT_EQ(decision.envelope.recipients[0].text, "Carol@iCloud.com");
  EXPECT_EQ(decision.envelope.recipients[0].original, "fwd@ours.example");
  EXPECT_TRUE(decision.envelope.recipients[0].is_apple);
  EXPECT_EQ(decision.from, Changes{"shop@ours.example"});
  EXPECT_EQ(decision.message_id, "<1@ours.example>");
  EXPECT_EQ(decision.form, mail_form("shop@ours.example", "Your order"));
  EXPECT_EQ(decision.verdict.disposition, Disposition::accept);
  // Each header line with CRLF for LF, the empty line, "Hello" CRLF.
  EXPECT_EQ(decision.bytes, honest.size() + 5 + 2 + 7);
}

TEST_F(Gate, refuses_a_suppressed_recipient_alone) {
  build();
  connect("ICLOUD-GATE");
  mail();
  EXPECT_EQ(rcpt("<bob@icloud.com>"), bob_is_suppressed);
  EXPECT_EQ(rcpt("<carol@icloud.com>"), go_on);
  EXPECT_EQ(send(honest), go_on);
  EXPECT_TRUE(mta_.changes().empty());
  ASSERT_EQ(log_.decisions.size(), 2u);
  EXPECT_EQ(log_.decisions[0].event, Decision::Event::recipient);
  EXPECT_EQ(log_.decisions[0].verdict.disposition, Disposition::reject);
  ASSERT_EQ(log_.decisions[0].envelope.recipients.size(), 1u);
  EXPECT_EQ(log_.decisions[0].envelope.recipients[0].text, "bob@icloud.com");
  EXPECT_EQ(log_.decisions[1].event, Decision::Event::message);
  EXPECT_EQ(log_.decisions[1].verdict.disposition, Disposition::accept);
  ASSERT_EQ(log_.decisions[1].envelope.recipients.size(), 1u);
  EXPECT_EQ(log_.decisions[1].envelope.recipients[0].text, "carol@icloud.com");
}

TEST_F(Gate, lets_go_what_is_left_when_apples_recipients_were_refused) {
  build();
  connect("ICLOUD-GATE");
  mail();
  EXPECT_EQ(rcpt("<bob@icloud.com>"), bob_is_suppressed);
  EXPECT_EQ(rcpt("<carol@elsewhere.example>"), go_on);
  EXPECT_EQ(session_.data("4XYZ"), let_go);
}

TEST_F(Gate, logs_what_it_only_observed_about_a_recipient) {
  config_.suppression.mode = Mode::observe;
  build();
  connect("ICLOUD-GATE");
  mail();
  EXPECT_EQ(rcpt("<bob@icloud.com>"), go_on);
  ASSERT_EQ(log_.decisions.size(), 1u);
  EXPECT_EQ(log_.decisions[0].event, Decision::Event::recipient);
  EXPECT_EQ(log_.decisions[0].verdict.disposition, Disposition::accept);
  ASSERT_EQ(log_.decisions[0].verdict.findings.size(), 1u);
  EXPECT_EQ(log_.decisions[0].verdict.findings[0].held_back, "mode observe");
}

TEST_F(Gate, defers_a_recipient_that_cannot_be_looked_up) {
  build({}, Error{Code::temporary, "store is locked"});
  connect("ICLOUD-GATE");
  mail();
  const Answer answer = rcpt("<carol@icloud.com>");
  EXPECT_EQ(answer.kind, Answer::Kind::refuse);
  EXPECT_EQ(answer.reply.code, 451);
  ASSERT_EQ(log_.decisions.size(), 1u);
  EXPECT_EQ(log_.decisions[0].verdict.disposition, Disposition::defer);
}

TEST_F(Gate, refuses_a_message_at_its_end) {
  config_.list_unsubscribe.mode = Mode::enforce;
  build();
  connect("ICLOUD-GATE");
  mail();
  EXPECT_EQ(rcpt("<carol@icloud.com>"), go_on);
  const Answer answer = send(bulk_without_one_click);
  EXPECT_EQ(answer.kind, Answer::Kind::refuse);
  EXPECT_EQ(answer.reply.code, 550);
  EXPECT_TRUE(mta_.changes().empty());
  ASSERT_EQ(log_.decisions.size(), 1u);
  EXPECT_EQ(log_.decisions[0].verdict.rule, "list_unsubscribe.post-missing");
  EXPECT_EQ(log_.decisions[0].verdict.reply.text, answer.reply.text);
  EXPECT_EQ(log_.decisions[0].classification.mail_class, MailClass::bulk);
}

TEST_F(Gate, holds_a_message_that_is_to_be_held) {
  config_.list_unsubscribe.mode = Mode::enforce;
  config_.list_unsubscribe.action = Disposition::quarantine;
  build();
  connect("ICLOUD-GATE");
  mail();
  rcpt("<carol@icloud.com>");
  EXPECT_EQ(send(bulk_without_one_click), go_on);
  ASSERT_EQ(mta_.changes().size(), 1u);
  EXPECT_TRUE(mta_.changes()[0].starts_with("quarantine list_unsubscribe.post-missing: "))
      << mta_.changes()[0];
}

TEST_F(Gate, defers_rather_than_sends_on_half_changed) {
  config_.list_unsubscribe.mode = Mode::enforce;
  config_.list_unsubscribe.action = Disposition::quarantine;
  build();
  connect("ICLOUD-GATE");
  mail();
  rcpt("<carol@icloud.com>");
  mta_.refuse_from(1);
  EXPECT_EQ(send(bulk_without_one_click),
            refuse(451, "4.3.0", "A change to this message could not be made; try again later"));
  ASSERT_EQ(log_.decisions.size(), 1u);
  EXPECT_EQ(log_.decisions[0].verdict.disposition, Disposition::defer);
  EXPECT_EQ(log_.sentences,
            Changes{"error: 4XYZ: the mail server refused a change; message deferred"});
}

TEST_F(Gate, defers_when_too_many_are_being_judged) {
  build();
  std::vector<Slots::Lease> taken;
  for (int i = 0; i < 4; ++i) taken.push_back(slots_.take(Deadline::in(std::chrono::seconds{0})));
  connect("ICLOUD-GATE");
  mail();
  rcpt("<carol@icloud.com>");
  const auto start = Deadline::Time::now();
  EXPECT_EQ(send(honest),
            refuse(451, "4.3.2", "Too many messages are being judged right now; try again later"));
  EXPECT_GE(Deadline::Time::now() - start, std::chrono::seconds{1});
  EXPECT_EQ(mta_.changes(), Changes{"progress"});
  ASSERT_EQ(log_.decisions.size(), 1u);
  EXPECT_EQ(log_.decisions[0].verdict.disposition, Disposition::defer);
  EXPECT_EQ(slots_.in_use(), 4);
}

TEST_F(Gate, gives_its_slot_back) {
  build();
  connect("ICLOUD-GATE");
  mail();
  rcpt("<carol@icloud.com>");
  send(honest);
  EXPECT_EQ(slots_.in_use(), 0);
}

TEST_F(Gate, judges_a_message_by_the_world_of_its_mail_from) {
  build();
  connect("ICLOUD-GATE");
  mail();
  const auto before = world_.with([](const auto& world) { return std::weak_ptr(world); });
  build({});
  EXPECT_EQ(rcpt("<bob@icloud.com>"), bob_is_suppressed);
  EXPECT_FALSE(before.expired());
  session_.abort();
  EXPECT_TRUE(before.expired()) << "the old world ends with its last message";
  mail();
  EXPECT_EQ(rcpt("<bob@icloud.com>"), go_on);
}

TEST_F(Gate, forgets_an_aborted_message) {
  build();
  connect("ICLOUD-GATE");
  mail();
  rcpt("<carol@icloud.com>");
  session_.abort();
  session_.abort();
  EXPECT_FALSE(session_.is_in_message());
  EXPECT_EQ(session_.end_of_message("4XYZ", mta_), not_seen);
  mail();
  rcpt("<dave@icloud.com>");
  EXPECT_EQ(send(honest), go_on);
  ASSERT_EQ(log_.decisions.size(), 1u);
  ASSERT_EQ(log_.decisions[0].envelope.recipients.size(), 1u);
  EXPECT_EQ(log_.decisions[0].envelope.recipients[0].text, "dave@icloud.com");
}

TEST_F(Gate, survives_steps_that_belong_to_no_message) {
  build();
  EXPECT_EQ(rcpt("<carol@icloud.com>"), go_on);
  EXPECT_EQ(session_.data("4XYZ"), go_on);
  session_.header("From", " a@b");
  session_.end_of_header();
  session_.body("x");
  EXPECT_EQ(session_.end_of_message("4XYZ", mta_), not_seen) << "nothing is accepted unjudged";
  session_.abort();
  EXPECT_TRUE(log_.decisions.empty());
  EXPECT_TRUE(mta_.changes().empty());
}

TEST_F(Gate, bounds_what_it_logs_of_a_message) {
  build();
  connect("ICLOUD-GATE");
  mail();
  rcpt("<carol@icloud.com>");
  std::string from = "From: a@ours.example";
  for (int i = 0; i < 1000; ++i) from += ", a@ours.example";
  send(from + "\nMessage-ID: <" + std::string(5000, 'x') + "@ours.example>\n");
  ASSERT_EQ(log_.decisions.size(), 1u);
  EXPECT_EQ(log_.decisions[0].from.size(), 20u);
  EXPECT_EQ(log_.decisions[0].message_id.size(), 998u);
}

}  // namespace
}  // namespace icm
