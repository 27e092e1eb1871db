// SPDX-License-Identifier: Apache-2.0
//
// Messages for Apple and for others, and mail that came by no SMTP.
#include "milter/session.h"

#include "test/milter/session_fixture.h"

namespace icm {
namespace {

using Direct = SessionTest;
using WithoutSmtp = SessionTest;

TEST_F(Direct, does_what_arrival_does_and_judges) {
  build();
  connect("DIRECT");
  mail("<shop@ours.example>", "shop");
  EXPECT_EQ(rcpt("<bob@icloud.com>"), bob_is_suppressed);
  EXPECT_EQ(rcpt("<carol@icloud.com>"), go_on);
  EXPECT_EQ(send("Authentication-Results: mx.ours.example; auth=pass\nSubject: hi\n"), go_on);
  EXPECT_EQ(mta_.changes(), (Changes{"remove Authentication-Results #1",
                                     "insert 0 Authentication-Results: mx.ours.example; auth=pass "
                                     "policy.origin=submission"}));
  EXPECT_EQ(log_.decisions.back().envelope.role, Role::direct);
  EXPECT_EQ(log_.decisions.back().envelope.origin, Origin::submission);
  EXPECT_EQ(log_.decisions.back().envelope.login, "shop");
}

TEST_F(Direct, takes_apples_recipients_off_and_sends_the_others_their_mail) {
  config_.list_unsubscribe.mode = Mode::enforce;
  build();
  connect("DIRECT");
  mail("<shop@ours.example>", "shop");
  rcpt("<carol@icloud.com>");
  rcpt("<dave@elsewhere.example>");
  rcpt("erin@me.com");
  EXPECT_EQ(send(bulk_without_one_click), go_on);
  EXPECT_EQ(mta_.changes(), (Changes{"insert 0 Authentication-Results: mx.ours.example; auth=pass "
                                     "policy.origin=submission",
                                     "delete <carol@icloud.com>", "delete erin@me.com"}));
  ASSERT_EQ(log_.decisions.size(), 1u);
  EXPECT_EQ(log_.decisions[0].verdict.disposition, Disposition::reject);
  EXPECT_EQ(log_.decisions[0].removed_recipients, (Changes{"carol@icloud.com", "erin@me.com"}));
  EXPECT_EQ(log_.decisions[0].envelope.recipients.size(), 3u);
}

TEST_F(Direct, lets_a_mixed_message_go_to_all_when_told_to_keep) {
  config_.list_unsubscribe.mode = Mode::enforce;
  config_.direct.mixed = MixedRefusal::keep;
  build();
  connect("DIRECT");
  mail("<shop@ours.example>", "shop");
  rcpt("<carol@icloud.com>");
  rcpt("<dave@elsewhere.example>");
  EXPECT_EQ(send(bulk_without_one_click), go_on);
  EXPECT_EQ(mta_.changes(), Changes{"insert 0 Authentication-Results: mx.ours.example; auth=pass "
                                    "policy.origin=submission"});
  EXPECT_EQ(log_.decisions.back().verdict.disposition, Disposition::accept);
}

TEST_F(Direct, refuses_a_message_for_apple_alone) {
  config_.list_unsubscribe.mode = Mode::enforce;
  build();
  connect("DIRECT");
  mail("<shop@ours.example>", "shop");
  rcpt("<carol@icloud.com>");
  EXPECT_EQ(send(bulk_without_one_click).kind, Answer::Kind::refuse);
  EXPECT_TRUE(mta_.changes().empty());
}

// Postfix: "must not reject or tempfail recipients" of mail that came by no SMTP; client port 0.
TEST_F(WithoutSmtp, a_refused_recipient_is_taken_off_at_the_end) {
  build();
  connect("DIRECT", "127.0.0.1", 0);
  mail("shop@ours.example");
  EXPECT_EQ(rcpt("bob@icloud.com"), go_on);
  EXPECT_EQ(rcpt("carol@icloud.com"), go_on);
  EXPECT_EQ(send(honest), go_on);
  EXPECT_EQ(mta_.changes(), (Changes{"insert 0 Authentication-Results: mx.ours.example; auth=none "
                                     "policy.origin=local",
                                     "delete bob@icloud.com"}));
  ASSERT_EQ(log_.decisions.size(), 2u);
  EXPECT_EQ(log_.decisions[0].verdict.disposition, Disposition::reject);
  EXPECT_EQ(log_.decisions[1].verdict.disposition, Disposition::accept);
  EXPECT_EQ(log_.decisions[1].removed_recipients, Changes{"bob@icloud.com"});
}

TEST_F(WithoutSmtp, a_message_with_nobody_left_goes_back_to_its_sender) {
  build();
  connect("DIRECT", "127.0.0.1", 0);
  mail("shop@ours.example");
  EXPECT_EQ(rcpt("bob@icloud.com"), go_on);
  EXPECT_EQ(send(honest), bob_is_suppressed);
  EXPECT_TRUE(mta_.changes().empty());
}

TEST_F(WithoutSmtp, a_message_waits_for_a_recipient_that_cannot_be_looked_up) {
  build({}, Error{Code::temporary, "store is locked"});
  connect("DIRECT", "127.0.0.1", 0);
  mail("shop@ours.example");
  EXPECT_EQ(rcpt("carol@icloud.com"), go_on);
  EXPECT_EQ(rcpt("dave@elsewhere.example"), go_on);
  const Answer answer = send(honest);
  EXPECT_EQ(answer.kind, Answer::Kind::refuse);
  EXPECT_EQ(answer.reply.code, 451);
  EXPECT_TRUE(mta_.changes().empty());
}

TEST_F(WithoutSmtp, a_bounce_of_the_mail_server_has_a_null_path) {
  build();
  connect("DIRECT", "127.0.0.1", 0);
  mail("");
  EXPECT_EQ(rcpt("carol@icloud.com"), go_on);
  EXPECT_EQ(send(honest), go_on);
  EXPECT_TRUE(log_.decisions.back().envelope.reverse_path.is_null());
}

}  // namespace
}  // namespace icm
