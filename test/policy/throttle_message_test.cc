// SPDX-License-Identifier: Apache-2.0
//
// What throttle learns only at the end of a message, and what a message takes as a whole.
#include "policy/throttle.h"

#include "test/policy/throttle_fixture.h"

namespace icm {
namespace {

// Mail of a stream that shows by its header: at RCPT it is of no stream.
class ThrottleMessageTest : public ThrottleTest {
 protected:
  ThrottleMessageTest() {
    StreamConfig offers;
    offers.name = "offers";
    offers.header = "X-Stream: offers";
    offers.egress = {*IpAddress::parse("192.0.2.9")};
    config.streams.push_back(offers);
    envelope.reverse_path = ReversePath::from("ann@shop.example");
  }
  void name(int recipients) {
    for (int i = 0; i < recipients; ++i) {
      const std::string address = fmt::format("bob{}@icloud.com", i);
      EXPECT_EQ(rules(rcpt(envelope, address, &charges)), Words{}) << address;
      envelope.recipients.push_back(apple(address));
    }
  }

  Envelope envelope;
  Charges charges;
};

TEST_F(ThrottleMessageTest, counts_mail_for_the_stream_that_its_header_shows_and_for_no_other) {
  ThrottleLimitConfig undeclared = limit("undeclared", 10);
  undeclared.mail = {ThrottleMail::undeclared};
  ThrottleLimitConfig offers = limit("offers", 10);
  offers.streams = {"offers"};
  ThrottleLimitConfig messages = limit("all", 10);
  messages.count = ThrottleUnit::messages;
  config.throttle.limits = {undeclared, offers, messages};
  name(3);
  EXPECT_EQ(used("undeclared/recipients/1h/"), 3u);
  EXPECT_EQ(rules(at_end_of(envelope, "offers", charges)), Words{});
  charges.keep({});
  EXPECT_EQ(used("undeclared/recipients/1h/"), 0u);
  EXPECT_EQ(used("offers/recipients/1h/"), 3u);
  EXPECT_EQ(used("all/messages/1h/"), 1u);
}

TEST_F(ThrottleMessageTest, defers_the_message_that_the_limit_of_its_stream_has_no_room_for) {
  ThrottleLimitConfig offers = limit("offers", 2);
  offers.streams = {"offers"};
  config.throttle.limits = {limit("hourly", 10), offers};
  name(2);
  EXPECT_EQ(rules(at_end_of(envelope, "offers", charges)), Words{});
  charges.keep({});
  envelope.recipients.clear();
  charges = Charges();
  name(1);
  const Findings findings = at_end_of(envelope, "offers", charges);
  ASSERT_EQ(rules(findings), Words{"throttle.rate"});
  EXPECT_EQ(findings[0].evidence,
            "offers (all) allows 2 recipients in 1h, 2 used, free at 2026-11-21T09:16:00Z");
  charges = Charges();
  EXPECT_EQ(used("hourly/recipients/1h/"), 2u);
}

TEST_F(ThrottleMessageTest, holds_it_to_the_warm_up_and_the_pauses_of_its_own_address) {
  WarmUpConfig plan;
  plan.egress = {*IpAddress::parse("192.0.2.9")};
  plan.start = *parse_time("2026-11-21");
  plan.first_day = 1;
  config.throttle.warm_up = {plan};
  name(1);
  EXPECT_EQ(rules(at_end_of(envelope, "offers", charges)), Words{});
  EXPECT_EQ(used("warm-up/192.0.2.9", Reckoning::calendar), 1u);
  charges.keep({});
  EXPECT_EQ(rules(at_end_of(envelope, "offers", charges)), Words{"throttle.warm-up"});
  page.all = {
      {.kind = BackoffKind::pause, .subject = "192.0.2.9", .until = {}, .by = "root", .why = {}}};
  EXPECT_EQ(rules(at_end_of(envelope, "offers", charges)), Words{"throttle.paused"});
  EXPECT_EQ(rules(at_end_of(envelope, "", charges)), Words{});
}

TEST_F(ThrottleMessageTest, counts_nothing_anew_when_the_envelope_had_told_the_stream) {
  config.throttle.limits = {limit("hourly", 10)};
  name(1);
  EXPECT_EQ(rules(at_end_of(envelope, "", charges)), Words{});
  EXPECT_EQ(charges.units_of("hourly/recipients/1h/"), 1u);
}

TEST_F(ThrottleMessageTest,
       lets_a_message_go_that_alone_is_more_than_a_limit_when_it_can_only_go_whole) {
  config.throttle.limits = {limit("hourly", 4)};
  config.throttle.limits[0].burst = 2;
  charges.answer_as_one();
  name(7);
  charges.keep({});
  EXPECT_EQ(used("hourly/recipients/1h/"), 7u);
  EXPECT_EQ(goes("ann@shop.example", 1), 0);
}

TEST_F(ThrottleMessageTest, lets_it_wait_as_long_as_others_use_the_limit) {
  config.throttle.limits = {limit("hourly", 4)};
  EXPECT_EQ(goes("eve@shop.example", 1), 1);
  charges.answer_as_one();
  name(3);
  EXPECT_EQ(rules(rcpt(envelope, "bob9@icloud.com", &charges)), Words{"throttle.rate"});
}

TEST_F(ThrottleMessageTest, paces_a_mailing_by_its_share_of_the_limit) {
  config.throttle.limits = {limit("minute", 60, 1min)};  // one a second
  config.throttle.limits[0].burst = 10;
  config.throttle.limits[0].bulk_share = 50;
  EXPECT_EQ(goes("a@news.shop.example", 20), 5);
  world.advance(4s);
  EXPECT_EQ(goes("a@news.shop.example", 20), 2);
  EXPECT_EQ(goes("ann@shop.example", 20), 7);
}

TEST_F(ThrottleMessageTest, lets_who_is_only_observed_wait_in_no_line) {
  config.throttle.mode = Mode::observe;
  config.throttle.limits = {limit("hourly", 4)};
  EXPECT_EQ(goes("ann@shop.example", 4), 4);
  for (int i = 0; i < 4; ++i) goes("ann@shop.example", 1, fmt::format("eve{}@icloud.com", i));
  world.advance(62min);
  EXPECT_EQ(goes("new@shop.example", 9), 4);
}

TEST_F(ThrottleMessageTest, lets_who_goes_beside_the_percent_wait_in_no_line_and_take_nothing) {
  config.throttle.limits = {limit("hourly", 4)};
  EXPECT_EQ(goes("ann@shop.example", 2), 2);
  config.throttle.percent = 0;
  EXPECT_EQ(goes("new@shop.example", 9), 9);
  EXPECT_EQ(used("hourly/recipients/1h/"), 2u);
  config.throttle.percent = 100;
  EXPECT_EQ(goes("ann@shop.example", 3), 2);
  config.throttle.percent = 0;
  EXPECT_EQ(rules(rcpt("new@shop.example", "bob@icloud.com")), Words{"throttle.rate"})
      << "what would have waited is told";
  for (int i = 0; i < 4; ++i) goes("new@shop.example", 1, fmt::format("eve{}@icloud.com", i));
  config.throttle.percent = 100;
  world.advance(62min);
  EXPECT_EQ(goes("late@shop.example", 4), 3) << "one waits: ann's third";
}

TEST_F(ThrottleMessageTest, counts_what_is_only_observed_since_the_day_has_passed) {
  config.throttle.limits = {limit("hourly", 4)};
  config.throttle.until = world.now();
  EXPECT_EQ(goes("ann@shop.example", 9), 4);
  world.advance(62min);
  EXPECT_EQ(goes("new@shop.example", 9), 4);
}

// Two places to count: the first grants what is enforced, the second refuses to be asked or writes
// receipts of its own.
class TwoPlaces final : public RateLimiter {
 public:
  explicit TwoPlaces(RateLimiter& world) : world_(world) {}
  bool is_second_away = false;
  std::vector<std::string> given_back{};  // "source counter"

  Result<RateAnswer> take(const RateRequest& request, WallTime now, Deadline deadline) override {
    const bool is_second = request.charges[0].limit.counter.starts_with("spacing");
    if (is_second && is_second_away) return fail(Code::temporary, "away");
    auto answer = world_.take(request, now, deadline);
    if (answer) answer->receipt.source = is_second ? 2 : 1;
    return answer;
  }
  Status give_back(const RateReceipt& receipt, Deadline deadline) override {
    for (const auto& taken : receipt.taken) {
      given_back.push_back(fmt::format("{} {}", receipt.source, taken.counter.substr(0, 7)));
    }
    return world_.give_back(receipt, deadline);
  }
  Result<std::vector<RateUse>> look(const std::vector<RateCharge>& charges, WallTime now,
                                    Deadline deadline) override {
    return world_.look(charges, now, deadline);
  }

 private:
  RateLimiter& world_;
};

TEST_F(ThrottleMessageTest, gives_back_what_was_enforced_when_what_is_observed_cannot_be_asked) {
  ThrottleLimitConfig spacing = limit("spacing", 1);
  spacing.per = ThrottlePer::recipient;
  config.throttle.limits = {limit("hourly", 4), spacing};
  config.throttle.rules = {{"spacing", Mode::observe}};
  config.throttle.on_error = OnError::defer;
  TwoPlaces places(world.limiter());
  limiter = &places;
  places.is_second_away = true;
  {
    Charges refused;
    EXPECT_EQ(rules(rcpt(envelope, "bob@icloud.com", &refused)), Words{});
    EXPECT_EQ(used("hourly/recipients/1h/"), 1u);
  }
  EXPECT_EQ(used("hourly/recipients/1h/"), 0u);
  places.is_second_away = false;
  places.given_back.clear();
  {
    Charges refused;
    EXPECT_EQ(rules(rcpt(envelope, "bob@icloud.com", &refused)), Words{});
  }
  std::ranges::sort(places.given_back);
  EXPECT_EQ(places.given_back, (Words{"1 hourly/", "2 spacing"}));
}

TEST_F(ThrottleMessageTest, keeps_no_address_where_it_counts) {
  ThrottleLimitConfig spacing = limit("spacing", 1);
  spacing.per = ThrottlePer::recipient;
  config.throttle.limits = {spacing};
  name(1);
  EXPECT_EQ(charges.units_of("spacing/recipients/1h/" + person_word("BOB0@icloud.com")), 1u);
  EXPECT_EQ(person_word("bob0@icloud.com").find("bob"), std::string::npos);
}

}  // namespace
}  // namespace icm
