// SPDX-License-Identifier: Apache-2.0
#include "test/policy/ledger_fixture.h"

namespace icm {
namespace {

class ConsentTest : public LedgerPolicyTest {
 protected:
  ConsentTest() : LedgerPolicyTest(make_consent) {}
};

TEST_F(ConsentTest, refuses_who_is_not_recorded_and_says_what_to_do) {
  const Findings findings = *at_rcpt();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].rule, "consent.missing");
  EXPECT_EQ(findings[0].reply,
            (SmtpReply{550, "5.7.1",
                       "consent.missing: no consent to stream news is recorded; send to "
                       "subscribers only; the administrator may ask icloud-milterctl ledger show "
                       "bob@icloud.com"}));
  EXPECT_EQ(findings[0].evidence, "no consent to stream news is recorded");
  EXPECT_EQ(findings[0].fix,
            "take the address off the mailing list; if the person has asked for the mail: "
            "icloud-milterctl ledger add bob@icloud.com --scope stream:news --consented TIME "
            "--source WHERE");
  EXPECT_EQ(findings[0].prediction, no_answer_known);
}

TEST_F(ConsentTest, lets_subscribers_of_the_stream_and_of_all_mail_have_it) {
  know("stream:offers").consented = autumn;
  EXPECT_EQ(rules(at_rcpt()), Words{"consent.missing"});
  know("stream:news").consented = autumn;
  EXPECT_EQ(rules(at_rcpt()), Words{});
  ledger.subscriptions.clear();
  know("global").consented = autumn;
  EXPECT_EQ(rules(at_rcpt()), Words{});
}

TEST_F(ConsentTest, holds_a_withdrawal_until_a_later_consent) {
  Subscription& news = know("stream:news");
  news.consented = spring;
  news.withdrawn = autumn;
  ASSERT_EQ(rules(at_rcpt()), Words{"consent.withdrawn"});
  EXPECT_EQ((*at_rcpt())[0].evidence, "consent to stream news was withdrawn on 2026-09-01");
  news.consented = autumn;
  EXPECT_EQ(rules(at_rcpt()), Words{"consent.withdrawn"});
  news.consented = now;
  EXPECT_EQ(rules(at_rcpt()), Words{});
  know("global").withdrawn = now;
  EXPECT_EQ(rules(at_rcpt()), Words{"consent.withdrawn"});
}

TEST_F(ConsentTest, takes_nobody_back_who_left_without_a_later_consent) {
  Subscription& news = know("stream:news");
  news.consented = spring;
  ledger.left = autumn;
  ASSERT_EQ(rules(at_rcpt()), Words{"consent.reactivated"});
  EXPECT_EQ((*at_rcpt())[0].evidence,
            "left on 2026-09-01 and was taken off the suppression list without a consent to "
            "stream news since");
  news.consented = now;
  EXPECT_EQ(rules(at_rcpt()), Words{});
}

TEST_F(ConsentTest, says_nothing_of_transactional_mail_and_of_others_recipients) {
  envelope.reverse_path = ReversePath::from("service@shop.example");
  EXPECT_EQ(rules(at_rcpt()), Words{});
  EXPECT_EQ(rules(at_end()), Words{});
  envelope.reverse_path = ReversePath::from("b-1@bounce.shop.example");
  envelope.recipients.front().is_apple = false;
  EXPECT_EQ(rules(at_rcpt()), Words{});
}

TEST_F(ConsentTest, judges_a_stream_that_the_header_tells_at_the_end) {
  send_offers();
  EXPECT_EQ(rules(at_rcpt()), Words{});
  EXPECT_EQ(rules(at_end()), Words{"consent.missing"});
  know("stream:offers").consented = autumn;
  EXPECT_EQ(rules(at_end()), Words{});
}

TEST_F(ConsentTest, does_not_repeat_at_the_end_what_was_judged_at_rcpt) {
  EXPECT_EQ(rules(at_end()), Words{});
}

TEST_F(ConsentTest, only_advises_when_others_have_subscribed) {
  send_offers();
  know("stream:offers").consented = autumn;
  envelope.recipients = {apple("bob@icloud.com"), apple("eve@icloud.com")};
  const Findings findings = *at_end();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].rule, "consent.missing");
  EXPECT_EQ(findings[0].weight, Weight::advice);
  EXPECT_EQ(findings[0].evidence,
            "1 of 2 Apple recipients: eve@icloud.com (no consent to stream offers is recorded)");
}

TEST_F(ConsentTest, asks_for_the_list_or_for_all_where_no_stream_is_declared) {
  envelope.reverse_path = ReversePath::from("x@elsewhere.example");
  envelope.origin = Origin::submission;
  headers.add("List-Unsubscribe", " <https://shop.example/u>");
  headers.add("List-Id", " <weekly.shop.example>");
  ASSERT_EQ(rules(at_end()), Words{"consent.missing"});
  EXPECT_EQ((*at_end())[0].evidence, "no consent to bulk mail is recorded");
  know("list:weekly.shop.example").consented = autumn;
  EXPECT_EQ(rules(at_end()), Words{});
}

TEST_F(ConsentTest, leaves_mailings_of_others_alone) {
  envelope.reverse_path = ReversePath::from("x@elsewhere.example");
  headers.add("List-Unsubscribe", " <https://shop.example/u>");
  envelope.origin = Origin::forwarded;
  EXPECT_EQ(rules(at_end()), Words{});
  envelope.origin = Origin::unknown;  // may be a forward
  EXPECT_EQ(rules(at_end()), Words{});
  headers = {};
  send_offers();
  EXPECT_EQ(rules(at_end()), Words{"consent.missing"});
}

TEST_F(ConsentTest, keeps_to_the_streams_it_is_configured_for) {
  config.consent.streams = {"offers"};
  EXPECT_EQ(rules(at_rcpt()), Words{});
  send_offers();
  EXPECT_EQ(rules(at_end()), Words{"consent.missing"});
}

TEST_F(ConsentTest, hands_on_that_the_ledger_could_not_be_asked) {
  ledger.error = Error{Code::temporary, "store.db: locked"};
  EXPECT_EQ(at_rcpt().error(), *ledger.error);
  send_offers();
  EXPECT_EQ(at_end().error(), *ledger.error);
}

TEST_F(ConsentTest, says_nothing_without_a_ledger) {
  MemorySuppressionList list;
  const auto policy = make_consent(config, means_without_keys(list));
  EXPECT_EQ(policy
                ->judge_recipient(envelope, envelope.recipients.front(), now,
                                  Deadline::in(std::chrono::seconds{60}))
                ->size(),
            0u);
}

}  // namespace
}  // namespace icm
