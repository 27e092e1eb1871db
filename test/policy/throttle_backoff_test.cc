// SPDX-License-Identifier: Apache-2.0
//
// What Apple's answers, or an administrator, asked for: pauses, slowdowns, what is held and
// stopped.
#include "policy/throttle.h"

#include "test/policy/throttle_fixture.h"

namespace icm {
namespace {

TEST_F(ThrottleTest, defers_everything_while_the_way_is_paused) {
  page.all = {{.kind = BackoffKind::pause,
               .subject = "all",
               .since = world.now() - 1min,
               .until = world.now() + 15min,
               .by = "root",
               .why = "421 [HCM1] Your mail from IP was deferred"}};
  const Findings findings = rcpt("ann@shop.example", "bob@icloud.com");
  ASSERT_EQ(rules(findings), Words{"throttle.paused"});
  EXPECT_EQ(findings[0].evidence,
            "all mail to Apple is paused since 2026-11-21T08:14:31Z by root: 421 [HCM1] Your mail "
            "from IP was deferred");
  EXPECT_EQ(findings[0].reply.text,
            "throttle.paused: " + findings[0].evidence + "; try again after 2026-11-21T08:30:31Z");
  EXPECT_EQ(findings[0].fix, "icloud-milterctl throttle resume all, once the cause is mended");
  world.advance(15min);
  EXPECT_EQ(goes("ann@shop.example", 1), 1);
}

TEST_F(ThrottleTest, pauses_what_may_leave_by_an_address_and_nothing_else) {
  page.all = {
      {.kind = BackoffKind::pause, .subject = "192.0.2.7", .until = {}, .by = "root", .why = {}}};
  EXPECT_EQ(rules(rcpt("a@news.shop.example", "bob@icloud.com")), Words{"throttle.paused"});
  EXPECT_EQ(rules(rcpt("ann@shop.example", "bob@icloud.com")), Words{});
}

TEST_F(ThrottleTest, lets_a_message_go_now_and_then_where_a_pause_says_so) {
  page.all = {{.kind = BackoffKind::pause,
               .subject = "192.0.2.1",
               .every = 1h,
               .since = world.now(),
               .until = {},
               .by = "follower",
               .why = "550 5.7.1 [HCM2]"}};
  EXPECT_EQ(goes("ann@shop.example", 3), 0);
  EXPECT_EQ(rcpt("ann@shop.example", "bob@icloud.com").at(0).reply.text,
            "throttle.paused: mail that may leave by 192.0.2.1 is paused since "
            "2026-11-21T08:15:31Z by follower: 550 5.7.1 [HCM2]; try again after "
            "2026-11-21T09:15:31Z");
  world.advance(1h);
  EXPECT_EQ(goes("ann@shop.example", 3), 1);
  EXPECT_EQ(rules(rcpt("ann@shop.example", "eve@icloud.com")), Words{"throttle.paused"});
  EXPECT_EQ(goes("a@news.shop.example", 3), 3);
  world.advance(62min);
  EXPECT_EQ(goes("ann@shop.example", 3), 1);
}

TEST_F(ThrottleTest, lets_none_go_where_one_of_two_pauses_says_so) {
  page.all = {{.kind = BackoffKind::pause,
               .subject = "192.0.2.1",
               .every = 1h,
               .since = world.now() - 2h,
               .until = {},
               .by = "follower",
               .why = {}},
              {.kind = BackoffKind::pause, .subject = "all", .until = {}, .by = "root", .why = {}}};
  EXPECT_EQ(goes("ann@shop.example", 1), 0);
}

TEST_F(ThrottleTest, takes_nothing_from_a_limit_while_it_is_paused) {
  config.throttle.limits = {limit("hourly", 2)};
  page.all = {{.kind = BackoffKind::pause, .subject = "all", .until = {}, .by = "root", .why = {}}};
  EXPECT_EQ(goes("ann@shop.example", 10), 0);
  page.all = {};
  EXPECT_EQ(goes("ann@shop.example", 10), 2);
}

TEST_F(ThrottleTest, lets_a_part_of_every_limit_go_by_an_address_that_is_slowed) {
  config.throttle.limits = {limit("hourly", 100)};
  page.all = {{.kind = BackoffKind::slow,
               .subject = "192.0.2.1",
               .percent = 25,
               .since = world.now(),
               .until = {},
               .by = "follower",
               .why = "451 4.7.1"}};
  EXPECT_EQ(goes("ann@shop.example", 200), 25);
  const Findings findings = rcpt("ann@shop.example", "bob@icloud.com");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].evidence,
            "hourly (all) allows 100 recipients in 1h, 25 used, of which this mail may use 25, "
            "slowed since 2026-11-21T08:15:31Z by follower: 451 4.7.1, free at "
            "2026-11-21T09:16:00Z");
  EXPECT_EQ(goes("a@news.shop.example", 200), 75);
}

TEST_F(ThrottleTest, slows_one_recipient) {
  page.all = {{.kind = BackoffKind::recipient,
               .subject = person_word("bob@icloud.com"),
               .every = 30min,
               .since = world.now(),
               .until = world.now() + 24h,
               .by = "root",
               .why = "421 4.7.1 excessive volume"}};
  EXPECT_EQ(goes("ann@shop.example", 3, "Bob@icloud.com"), 1);
  EXPECT_EQ(goes("ann@shop.example", 3, "eve@icloud.com"), 3);
  const Findings findings = rcpt("ann@shop.example", "bob@icloud.com");
  ASSERT_EQ(rules(findings), Words{"throttle.recipient-slowed"});
  EXPECT_EQ(findings[0].evidence,
            "recipient bob@icloud.com gets one message in 30m, 1 used, slowed since "
            "2026-11-21T08:15:31Z by root: 421 4.7.1 excessive volume, free at "
            "2026-11-21T08:46:00Z");
  EXPECT_EQ(findings[0].fix,
            "icloud-milterctl throttle resume recipient bob@icloud.com, once the cause is mended");
  world.advance(31min);
  EXPECT_EQ(goes("ann@shop.example", 3, "Bob@icloud.com"), 1);
}

TEST_F(ThrottleTest, holds_a_domain_as_envelope_sender_and_as_author) {
  page.all = {{.kind = BackoffKind::from_domain,
               .subject = "shop.example",
               .since = world.now(),
               .until = {},
               .by = "root",
               .why = "not registered"}};
  const Findings findings = rcpt("ann@Shop.example", "bob@icloud.com");
  ASSERT_EQ(rules(findings), Words{"throttle.domain-held"});
  EXPECT_EQ(
      findings[0].reply.text,
      "throttle.domain-held: mail of shop.example is held since 2026-11-21T08:15:31Z by root: "
      "not registered; try again later");
  EXPECT_EQ(rules(rcpt("a@news.shop.example", "bob@icloud.com")), Words{});
  EXPECT_EQ(rules(at_end("Shop <shop@SHOP.example>", "Hello")), Words{"throttle.domain-held"});
  EXPECT_EQ(rules(at_end("Shop <shop@other.example>", "Hello")), Words{});
}

TEST_F(ThrottleTest, stops_mail_of_one_form) {
  const std::string form = mail_form("news@shop.example", "Your order 4711 is here");
  EXPECT_EQ(form.size(), 16u);
  page.all = {{.kind = BackoffKind::mail_template,
               .subject = form,
               .since = world.now(),
               .until = {},
               .by = "follower",
               .why = "550 5.7.1 [CS01]"}};
  const Findings findings = at_end("News <News@shop.example>", " Your order 4712 is here");
  ASSERT_EQ(rules(findings), Words{"throttle.template-stopped"});
  EXPECT_EQ(findings[0].evidence, "mail of this form (" + form +
                                      ") is stopped since 2026-11-21T08:15:31Z by follower: 550 "
                                      "5.7.1 [CS01]");
  EXPECT_EQ(rules(at_end("News <news@shop.example>", "Your parcel is here")), Words{});
  EXPECT_EQ(rules(at_end("Other <other@shop.example>", "Your order 1 is here")), Words{});
}

TEST_F(ThrottleTest, holds_a_domain_and_a_form_for_who_has_sent_so_alone) {
  const std::string form = mail_form("news@shop.example", "Your order 4711 is here");
  const std::string mallory = submitter_word("mallory", {}, "submission");
  page.all = {{.kind = BackoffKind::from_domain,
               .subject = "shop.example" + mallory,
               .since = world.now(),
               .until = {},
               .by = "follower",
               .why = "554 5.7.1 [HME1]"},
              {.kind = BackoffKind::mail_template,
               .subject = form + mallory,
               .since = world.now(),
               .until = {},
               .by = "follower",
               .why = "550 5.7.1 [CS01]"}};
  const auto from = [&](std::string_view submitter, Origin origin) {
    return rules(at_end("News <news@shop.example>", "Your order 4712 is here", submitter, origin));
  };
  EXPECT_EQ(from("mallory", Origin::submission),
            (Words{"throttle.domain-held", "throttle.template-stopped"}));
  EXPECT_EQ(from("ann", Origin::submission), Words{});
  EXPECT_EQ(from({}, Origin::forwarded), Words{});
  EXPECT_EQ(rules(rcpt("news@shop.example", "bob@icloud.com")), Words{});
}

TEST_F(ThrottleTest, keeps_what_it_knows_while_the_book_is_away_and_says_so_once) {
  std::vector<std::string> told;
  notices.listen([&](const std::string& text) { told.push_back(text); });
  BackoffView view(std::make_unique<MemoryBackoffBook>(page), notices);
  page.all = {{.kind = BackoffKind::pause,
               .subject = "all",
               .until = {},
               .by = "root",
               .why = "the postmaster\nsays so"}};
  view.read(soon);
  page.all = {};
  page.error = Error{Code::temporary, "store.db: locked"};
  view.read(soon);
  view.read(soon);
  EXPECT_EQ(view.now()->all().size(), 1u);
  EXPECT_EQ(told, (Words{"throttle: nothing leaves by any address until it is resumed; root: the "
                         "postmaster\\x0asays so",
                         "throttle: store.db: locked; the pauses and slowdowns known last stay in "
                         "force"}));
  page.error = {};
  told.clear();
  view.read(soon);
  EXPECT_TRUE(view.known()->all().empty());
  EXPECT_EQ(told, (Words{"throttle: what root had paused all was taken back",
                         "throttle: pauses and slowdowns can be read again"}));
}

TEST_F(ThrottleTest, knows_of_no_pause_before_the_book_was_read_and_says_so) {
  std::vector<std::string> told;
  notices.listen([&](const std::string& text) { told.push_back(text); });
  page.error = Error{Code::temporary, "store.db: locked"};
  BackoffView view(std::make_unique<MemoryBackoffBook>(page), notices, nullptr);
  view.read(soon);
  EXPECT_EQ(view.known(), nullptr);
  EXPECT_EQ(told, (Words{"throttle: store.db: locked; what is paused is not known, and "
                         "throttle.on_error says whether mail waits until it is"}));
  page.error = {};
  view.read(soon);
  EXPECT_NE(view.known(), nullptr);
  page.error = Error{Code::temporary, "store.db: locked"};
  view.read(soon);
  EXPECT_NE(view.known(), nullptr);
}

TEST_F(ThrottleTest, lets_mail_wait_while_nobody_knows_what_is_paused_unless_it_shall_go) {
  page.error = Error{Code::temporary, "store.db: locked"};
  BackoffView view(std::make_unique<MemoryBackoffBook>(page), notices, nullptr);
  PolicyMeans means = means_without_keys(list);
  means.limiter = &world.limiter();
  means.backoffs = &view;
  const auto admit = [&] {
    Charges charges;
    return make_throttle(config, means)
        ->admit(Envelope(), apple("bob@icloud.com"), world.now(), soon, charges);
  };
  config.throttle.on_error = OnError::defer;
  const auto unknown = admit();
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().text,
            "it is not known what is paused, since the store has not answered yet");
  EXPECT_EQ(unknown.error().code, Code::temporary);
  config.throttle.on_error = OnError::accept;
  EXPECT_TRUE(admit());
  page.error = {};
  view.read(soon);
  page.error = Error{Code::temporary, "store.db: locked"};
  view.read(soon);
  config.throttle.on_error = OnError::defer;
  EXPECT_TRUE(admit()) << "what was known last holds";
}

}  // namespace
}  // namespace icm
