// SPDX-License-Identifier: Apache-2.0
#include "test/policy/ledger_fixture.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

class InactiveTest : public LedgerPolicyTest {
 protected:
  InactiveTest() : LedgerPolicyTest(make_inactive) {}
};

TEST_F(InactiveTest, refuses_who_has_done_nothing_for_too_long) {
  know("stream:news").engaged = spring;
  const Findings findings = *at_rcpt();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].rule, "inactive.engagement");
  EXPECT_EQ(
      findings[0].reply,
      (SmtpReply{550, "5.7.1",
                 "inactive.engagement: last active on 2026-03-01, more than 180d ago; take it "
                 "off stream news; the administrator may ask icloud-milterctl ledger show "
                 "bob@icloud.com"}));
  EXPECT_EQ(findings[0].fix,
            "take the address off the mailing list, or ask the person once whether to stay; a "
            "click, reply, log-in or purchase is told with icloud-milterctl ledger import");
}

TEST_F(InactiveTest, counts_from_the_consent_of_who_never_did_anything) {
  know("stream:news").consented = spring;
  ASSERT_EQ(rules(at_rcpt()), Words{"inactive.consent"});
  EXPECT_EQ((*at_rcpt())[0].evidence,
            "never active since the consent of 2026-03-01, more than 180d ago");
}

TEST_F(InactiveTest, takes_the_latest_sign_of_life_for_this_mail_or_for_all) {
  Subscription& news = know("stream:news");
  news.consented = autumn;
  news.engaged = spring;
  EXPECT_EQ(rules(at_rcpt()), Words{});
  news.consented = spring - 24h;
  EXPECT_EQ(rules(at_rcpt()), Words{"inactive.engagement"});
  know("global").engaged = autumn;
  EXPECT_EQ(rules(at_rcpt()), Words{});
}

TEST_F(InactiveTest, lets_mail_go_up_to_the_very_end_of_the_span) {
  Subscription& news = know("stream:news");
  news.engaged = now - 180 * 24h;
  EXPECT_EQ(rules(at_rcpt()), Words{});
  news.engaged = now - 180 * 24h - 1ms;
  EXPECT_EQ(rules(at_rcpt()), Words{"inactive.engagement"});
}

TEST_F(InactiveTest, has_a_span_of_its_own_for_a_stream) {
  know("stream:news").engaged = autumn;
  config.streams[0].inactive_after = 60 * 24h;
  ASSERT_EQ(rules(at_rcpt()), Words{"inactive.engagement"});
  EXPECT_EQ((*at_rcpt())[0].evidence, "last active on 2026-09-01, more than 60d ago");
  config.inactive.after = 24h;
  config.streams[0].inactive_after = 365 * 24h;
  EXPECT_EQ(rules(at_rcpt()), Words{});
}

TEST_F(InactiveTest, says_nothing_of_who_is_not_in_the_ledger_or_has_only_withdrawn) {
  EXPECT_EQ(rules(at_rcpt()), Words{});
  know("stream:news").withdrawn = spring;
  EXPECT_EQ(rules(at_rcpt()), Words{});
}

TEST_F(InactiveTest, judges_a_stream_that_the_header_tells_at_the_end) {
  send_offers();
  know("stream:offers").engaged = spring;
  EXPECT_EQ(rules(at_rcpt()), Words{});
  EXPECT_EQ(rules(at_end()), Words{"inactive.engagement"});
}

TEST_F(InactiveTest, hands_on_that_the_ledger_could_not_be_asked) {
  ledger.error = Error{Code::temporary, "store.db: locked"};
  EXPECT_EQ(at_rcpt().error(), *ledger.error);
}

}  // namespace
}  // namespace icm
