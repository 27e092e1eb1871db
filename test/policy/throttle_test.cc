// SPDX-License-Identifier: Apache-2.0
#include "policy/throttle.h"

#include "policy/engine.h"
#include "policy/throttle_plan.h"
#include "test/policy/throttle_fixture.h"

namespace icm {
namespace {

TEST_F(ThrottleTest, has_nothing_to_say_where_no_limit_is_configured) {
  EXPECT_EQ(goes("ann@shop.example", 1000), 1000);
}

TEST_F(ThrottleTest, defers_what_a_limit_is_used_up_for_and_says_when_to_come_again) {
  config.throttle.limits = {limit("hourly", 2)};
  EXPECT_EQ(goes("ann@shop.example", 2), 2);
  const Findings findings = rcpt("ann@shop.example", "bob@icloud.com");
  ASSERT_EQ(rules(findings), Words{"throttle.rate"});
  const Finding& finding = findings.front();
  EXPECT_EQ(finding.wish, Disposition::defer);
  EXPECT_EQ(finding.evidence,
            "hourly (all) allows 2 recipients in 1h, 2 used, free at 2026-11-21T09:16:00Z");
  const SmtpReply reply = as_temporary(finding.reply);
  EXPECT_EQ(reply.code, 451);
  EXPECT_EQ(reply.enhanced, "4.7.1");
  EXPECT_EQ(reply.text,
            "throttle.rate: hourly (all) allows 2 recipients in 1h, 2 used, free at "
            "2026-11-21T09:16:00Z; try again after 2026-11-21T10:01:16Z");
  EXPECT_EQ(finding.fix,
            "nothing, the mail goes later; icloud-milterctl throttle show tells how the limits "
            "stand, throttle.limits, name: hourly sets this one");
  world.advance(61min);
  EXPECT_EQ(goes("ann@shop.example", 3), 2);
}

TEST_F(ThrottleTest, holds_all_mail_to_what_apple_allows_an_account) {
  config.throttle.preset = ThrottlePreset::icloud_account;
  config.throttle.limits = {limit("hourly", 100000)};
  EXPECT_EQ(goes("ann@icloud.com", 1001), 1000);
  const Findings findings = rcpt("ann@icloud.com", "bob@icloud.com");
  ASSERT_EQ(rules(findings), Words{"throttle.rate"});
  EXPECT_EQ(findings.front().evidence,
            "account-messages (all) allows 1000 messages in 1d, 1000 used, free at "
            "2026-11-22T08:24:00Z");
  EXPECT_EQ(findings.front().prediction,
            "smtp.mail.me.com: You have exceeded your daily sending limit");
  EXPECT_EQ(findings.front().fix,
            "nothing, the mail goes later; icloud-milterctl throttle show tells how the limits "
            "stand, throttle.preset: icloud-account sets this one");
  std::string shown;
  for (const PlannedCharge& one : ThrottlePlan(config).overview({}, world.now())) {
    shown += fmt::format("{} {} {}; ", one.name, one.charge.limit.amount,
                         one.charge.limit.window.count() / 3600000);
  }
  EXPECT_EQ(shown, "account-messages 1000 24; account-recipients 1000 24; hourly 100000 1; ");
}

TEST_F(ThrottleTest, gives_back_what_a_message_took_that_does_not_go_on) {
  config.throttle.limits = {limit("hourly", 2)};
  {
    Charges refused;
    EXPECT_TRUE(rcpt("ann@shop.example", "bob@icloud.com", &refused).empty());
    EXPECT_TRUE(rcpt("ann@shop.example", "eve@icloud.com", &refused).empty());
    EXPECT_EQ(goes("ann@shop.example", 1), 0);
  }
  EXPECT_EQ(goes("ann@shop.example", 3), 2);
}

TEST_F(ThrottleTest, gives_back_what_a_removed_recipient_took_and_keeps_the_others) {
  config.throttle.limits = {limit("hourly", 2)};
  Envelope envelope;
  envelope.reverse_path = ReversePath::from("ann@shop.example");
  {
    Charges charges;
    EXPECT_TRUE(rcpt(envelope, "bob@icloud.com", &charges).empty());
    envelope.recipients.push_back(apple("bob@icloud.com"));
    EXPECT_TRUE(rcpt(envelope, "eve@icloud.com", &charges).empty());
    charges.keep({1});
  }
  EXPECT_EQ(goes("ann@shop.example", 3), 1);
}

TEST_F(ThrottleTest, counts_a_message_once_however_many_recipients_it_has) {
  config.throttle.limits = {limit("messages", 2)};
  config.throttle.limits[0].count = ThrottleUnit::messages;
  for (int message = 0; message < 2; ++message) {
    Charges charges;
    for (int i = 0; i < 5; ++i) {
      EXPECT_TRUE(rcpt("ann@shop.example", "bob@icloud.com", &charges).empty());
    }
    charges.keep({});
  }
  const Findings findings = rcpt("ann@shop.example", "bob@icloud.com");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].evidence,
            "messages (all) allows 2 messages in 1h, 2 used, free at 2026-11-21T09:16:00Z");
}

// A recipient that is kept waiting has paid nothing for those behind it.
TEST_F(ThrottleTest, asks_the_second_recipient_too_when_the_first_could_not_be_had) {
  config.throttle.limits = {limit("messages", 1)};
  config.throttle.limits[0].count = ThrottleUnit::messages;
  EXPECT_EQ(goes("ann@shop.example", 1), 1);
  Charges charges;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(rcpt("ann@shop.example", fmt::format("bob{}@icloud.com", i), &charges).size(), 1u);
  }
}

TEST_F(ThrottleTest, counts_each_stream_egress_sender_login_and_recipient_by_itself) {
  struct Case {
    ThrottlePer per;
    std::string_view sender, login, recipient;
    std::string subject;
  };
  const Case cases[] = {
      {ThrottlePer::stream, "a@news.shop.example", "", "bob@icloud.com", "stream news"},
      {ThrottlePer::stream, "ann@shop.example", "", "bob@icloud.com", "mail of no stream"},
      {ThrottlePer::egress, "ann@shop.example", "", "bob@icloud.com", "192.0.2.1"},
      {ThrottlePer::egress, "a@news.shop.example", "", "bob@icloud.com", "192.0.2.7"},
      {ThrottlePer::sender, "Ann@shop.example", "", "bob@icloud.com", "sender ann@shop.example"},
      {ThrottlePer::sender, "", "", "bob@icloud.com", "sender <>"},
      {ThrottlePer::login, "ann@shop.example", "ann", "bob@icloud.com", "login ann"},
      {ThrottlePer::login, "ann@shop.example", "eve\r\n", "bob@icloud.com", "login eve\\x0d\\x0a"},
      {ThrottlePer::recipient, "ann@shop.example", "", "Bob@icloud.com",
       "recipient bob@icloud.com"},
      {ThrottlePer::recipient, "ann@shop.example", "", "bob+x@icloud.com",
       "recipient bob+x@icloud.com"}};
  for (const Case& one : cases) {
    ThrottleLimitConfig each = limit("each" + std::to_string(static_cast<int>(one.per)), 1);
    each.per = one.per;
    config.throttle.limits = {each};
    login = one.login;
    EXPECT_EQ(goes(one.sender, 2, one.recipient), 1) << one.subject;
    const Findings findings = rcpt(one.sender, one.recipient);
    ASSERT_EQ(findings.size(), 1u) << one.subject;
    EXPECT_EQ(findings[0].rule,
              one.per == ThrottlePer::recipient ? "throttle.spacing" : "throttle.rate");
    EXPECT_EQ(findings[0].evidence.substr(0, findings[0].evidence.find(" allows")),
              each.name + " (" + one.subject + ")");
  }
}

TEST_F(ThrottleTest, does_not_count_mail_without_a_login_for_a_limit_of_logins) {
  config.throttle.limits = {limit("each", 1)};
  config.throttle.limits[0].per = ThrottlePer::login;
  EXPECT_EQ(goes("ann@shop.example", 5), 5);
}

TEST_F(ThrottleTest, holds_a_limit_against_the_mail_it_is_for) {
  ThrottleLimitConfig bulk = limit("bulk", 1);
  bulk.mail = {ThrottleMail::bulk};
  ThrottleLimitConfig named = limit("named", 2);
  named.streams = {"receipts"};
  ThrottleLimitConfig relay = limit("relay", 3);
  relay.relay_only = true;
  config.throttle.limits = {bulk, named, relay};
  EXPECT_EQ(goes("a@news.shop.example", 9), 1);
  EXPECT_EQ(goes("a@orders.shop.example", 9), 2);
  EXPECT_EQ(goes("ann@shop.example", 9), 9);
  EXPECT_EQ(goes("ann@shop.example", 9, "x@privaterelay.appleid.com"), 3);
}

TEST_F(ThrottleTest, leaves_what_people_write_the_share_that_a_mailing_may_not_use) {
  config.throttle.limits = {limit("hourly", 10)};
  config.throttle.limits[0].bulk_share = 80;
  EXPECT_EQ(goes("a@news.shop.example", 20), 8);
  const Findings findings = rcpt("a@news.shop.example", "bob@icloud.com");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(
      findings[0].evidence,
      "hourly (all) allows 10 recipients in 1h, 8 used, of which this mail may use 8, free at "
      "2026-11-21T09:16:00Z");
  EXPECT_EQ(goes("ann@shop.example", 20), 2);
}

TEST_F(ThrottleTest, spaces_messages_to_one_recipient) {
  config.throttle.limits = {limit("spacing", 1, 10min)};
  config.throttle.limits[0].per = ThrottlePer::recipient;
  EXPECT_EQ(goes("ann@shop.example", 1, "bob@icloud.com"), 1);
  EXPECT_EQ(rules(rcpt("ann@shop.example", "bob@icloud.com")), Words{"throttle.spacing"});
  EXPECT_EQ(goes("ann@shop.example", 1, "eve@icloud.com"), 1);
  world.advance(9min);
  EXPECT_EQ(goes("ann@shop.example", 1, "bob@icloud.com"), 0);
  world.advance(2min);
  EXPECT_EQ(goes("ann@shop.example", 1, "bob@icloud.com"), 1);
}

TEST_F(ThrottleTest, lets_a_new_address_send_more_on_each_day) {
  WarmUpConfig plan;
  plan.egress = {*IpAddress::parse("192.0.2.7")};
  plan.start = *parse_time("2026-11-21");
  plan.first_day = 4;
  plan.growth = 150;
  plan.cap = 11;
  config.throttle.warm_up = {plan};
  EXPECT_EQ(goes("a@news.shop.example", 4), 4);
  const Findings findings = rcpt("a@news.shop.example", "bob@icloud.com");
  ASSERT_EQ(rules(findings), Words{"throttle.warm-up"});
  EXPECT_EQ(findings[0].evidence,
            "warm-up of 192.0.2.7 allows 4 recipients on day 1 (UTC), 4 used, free at "
            "2026-11-22T00:00:00Z");
  EXPECT_EQ(goes("ann@shop.example", 50), 50) << "leaves from 192.0.2.1";
  for (const int cap : {6, 9, 11, 11}) {
    world.advance(24h);
    EXPECT_EQ(goes("a@news.shop.example", 20), cap);
  }
}

TEST_F(ThrottleTest, counts_no_mail_that_another_limit_keeps) {
  config.throttle.limits = {limit("hourly", 5), limit("minute", 1, 1min)};
  EXPECT_EQ(goes("ann@shop.example", 10), 1);
  for (int i = 0; i < 4; ++i) {
    world.advance(2min);
    EXPECT_EQ(goes("ann@shop.example", 10), 1);
  }
  world.advance(2min);
  EXPECT_EQ(goes("ann@shop.example", 10), 0);
}

TEST_F(ThrottleTest, counts_in_observe_as_if_it_were_enforced) {
  config.throttle.mode = Mode::observe;
  config.throttle.limits = {limit("hourly", 2)};
  EXPECT_EQ(goes("ann@shop.example", 10), 2);
  world.advance(62min);
  EXPECT_EQ(goes("ann@shop.example", 10), 2);
}

TEST_F(ThrottleTest, lets_what_it_only_observes_keep_nothing_from_being_counted) {
  config.throttle.limits = {limit("hourly", 2)};
  ThrottleLimitConfig spacing = limit("spacing", 1);
  spacing.per = ThrottlePer::recipient;
  config.throttle.limits.push_back(spacing);
  config.throttle.rules = {{"spacing", Mode::observe}};
  EXPECT_EQ(rules(rcpt("ann@shop.example", "bob@icloud.com")), Words{});
  EXPECT_EQ(rules(rcpt("ann@shop.example", "bob@icloud.com")), Words{"throttle.spacing"});
  EXPECT_EQ(rules(rcpt("ann@shop.example", "bob@icloud.com")), Words{"throttle.rate"});
  config.throttle.rules = {{"rate", Mode::off}, {"spacing", Mode::off}};
  EXPECT_EQ(goes("ann@shop.example", 10), 10);
}

TEST(SpreadRetry, gives_every_mail_its_own_moment_and_the_same_each_time) {
  const WallTime now = *parse_time("2026-11-21T08:00:00Z");
  const WallTime free = now + 30min;
  std::vector<int> minutes(30);
  for (std::uint64_t i = 0; i < 3000; ++i) {
    Envelope envelope;
    envelope.reverse_path = ReversePath::from("ann" + std::to_string(i) + "@shop.example");
    const std::uint64_t claim = throttle_claim(envelope, apple("bob@icloud.com"));
    const WallTime retry = spread_retry(free, now, claim);
    ASSERT_GE(retry, free);
    ASSERT_LT(retry, free + 30min);
    EXPECT_EQ(retry, spread_retry(free, now, throttle_claim(envelope, apple("BOB@icloud.com"))));
    ++minutes[static_cast<std::size_t>((retry - free) / 1min)];
  }
  for (const int count : minutes) EXPECT_NEAR(count, 100, 50);
}

TEST(WarmUpDay, grows_by_the_factor_from_midnight_to_midnight_until_the_cap) {
  WarmUpConfig plan;
  plan.start = *parse_time("2026-12-01");
  plan.first_day = 100;
  plan.growth = 150;
  plan.cap = 1000;
  struct Case {
    std::string_view when;
    WarmUpDay day;
  };
  for (const Case& one : {Case{"2026-11-30T23:59:59Z", {0, 100, false}},
                          {"2026-12-01T00:00:00Z", {1, 100, false}},
                          {"2026-12-01T23:59:59Z", {1, 100, false}},
                          {"2026-12-02T00:00:00Z", {2, 150, false}},
                          {"2026-12-03T00:00:00Z", {3, 225, false}},
                          {"2026-12-04T00:00:00Z", {4, 337, false}},
                          {"2026-12-07T12:00:00Z", {7, 1000, true}},
                          {"2099-12-07T12:00:00Z", {26670, 1000, true}}}) {
    EXPECT_EQ(warm_up_day(plan, *parse_time(one.when)), one.day) << one.when;
  }
  plan.first_day = 1;
  plan.growth = 101;
  EXPECT_EQ(warm_up_day(plan, *parse_time("2026-12-05")).cap, 5u);
}

}  // namespace
}  // namespace icm
