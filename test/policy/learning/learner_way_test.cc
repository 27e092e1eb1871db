// SPDX-License-Identifier: Apache-2.0
//
// What is asked of mail rather than of addresses: pauses that grow, limits that recover, ways that
// are stopped and probed, forms and domains that are held back.
#include "policy/learning/reply_tally.h"
#include "policy/throttle.h"
#include "test/policy/learning/learner_fixture.h"

namespace icm {
namespace {

// Whose mail is held: that of the stream, since nobody has logged in.
const std::string news_ = submitter_word({}, "news", {});

TEST_F(LearnerTest, pauses_twice_as_long_each_time_and_halves_the_limits) {
  std::vector<Words> seen;
  for (int i = 0; i < 7; ++i) {
    answered("ann@icloud.com", deferred_way);
    answered("bob@icloud.com", deferred_way);  // of mail that had left before
    settle();
    seen.push_back(in_force());
    const WallTime end =
        *Backoffs(page.all).find(BackoffKind::pause, "192.0.2.1", clock.time)->until;
    clock.time = end;
  }
  EXPECT_EQ(seen[0], (Words{"pause 192.0.2.1 until 11-21T08:15", "slow 192.0.2.1 to 50"}));
  EXPECT_EQ(seen[1], (Words{"pause 192.0.2.1 until 11-21T08:45", "slow 192.0.2.1 to 25"}));
  EXPECT_EQ(seen[2], (Words{"pause 192.0.2.1 until 11-21T09:45", "slow 192.0.2.1 to 12"}));
  EXPECT_EQ(seen[3], (Words{"pause 192.0.2.1 until 11-21T11:45", "slow 192.0.2.1 to 10"}));
  EXPECT_EQ(seen[4], (Words{"pause 192.0.2.1 until 11-21T15:45", "slow 192.0.2.1 to 10"}));
  EXPECT_EQ(seen[5], (Words{"pause 192.0.2.1 until 11-21T19:45", "slow 192.0.2.1 to 10"}));
}

TEST_F(LearnerTest, lets_a_stranger_speak_for_his_own_address_alone) {
  const auto by_stranger = [&](std::string_view recipient, std::string_view reply,
                               DeliveryStatus status = DeliveryStatus::bounced) {
    DeliveryEvent one = event(recipient, reply, status);
    one.is_apples = false;
    learn(one);
  };
  for (int i = 0; i < 30; ++i) {
    const std::string recipient = fmt::format("x{}@evil.example", i);
    for (const std::string_view reply :
         {refused_way, deferred_way, refused_content, no_authentication}) {
      by_stranger(recipient, reply);
    }
    by_stranger(recipient, "lost connection with mx.evil.example[203.0.113.9] while sending RCPT",
                DeliveryStatus::deferred);
    by_stranger(recipient, "554 something that nobody knows");
  }
  settle();
  EXPECT_EQ(in_force(), Words{});
  EXPECT_EQ(outlet.sent.size(), 0u);
  // Nor does what he takes let a way go on that Apple refuses, or an outage look small.
  answered("ann@icloud.com", refused_way);
  later(1h);
  by_stranger("x@evil.example", "250 ok", DeliveryStatus::sent);
  for (int i = 0; i < 30; ++i) by_stranger(fmt::format("y{}@evil.example", i), gone);
  settle();
  EXPECT_EQ(in_force(), Words{"pause 192.0.2.1 every 1h"});
  EXPECT_EQ(answers_since(*book, clock.time - 24h)->size(), 1u);
  later(15min);
  EXPECT_EQ(standing().size(), 30u);
}

TEST_F(LearnerTest, lets_limits_grow_again_by_each_hour_in_which_mail_is_taken) {
  answered("ann@icloud.com", deferred_way);
  settle();
  later(15min);
  EXPECT_EQ(in_force(), Words{"slow 192.0.2.1 to 50"});
  later(3h);  // nothing was sent: nothing was shown
  EXPECT_EQ(in_force(), Words{"slow 192.0.2.1 to 50"});
  std::vector<std::string> seen;
  for (int i = 0; i < 5; ++i) {
    clock.time += 30min;
    taken();
    later(30min);
    seen.push_back(in_force().empty() ? std::string("none") : in_force().at(0));
  }
  EXPECT_EQ(seen, (Words{"slow 192.0.2.1 to 60", "slow 192.0.2.1 to 70", "slow 192.0.2.1 to 80",
                         "slow 192.0.2.1 to 90", "none"}));
  // And the next pause is a short one.
  answered("ann@icloud.com", deferred_way);
  settle();
  EXPECT_EQ(*page.all.front().until - clock.time, 15min);
}

TEST_F(LearnerTest, stops_a_way_that_is_refused_and_probes_until_one_is_taken) {
  answered("ann@icloud.com", refused_way);
  settle();
  EXPECT_EQ(in_force(), Words{"pause 192.0.2.1 every 1h"});
  later(1h);
  answered("bob@icloud.com", refused_way);
  later(20h);
  EXPECT_EQ(in_force(), Words{"pause 192.0.2.1 every 1h"});
  taken();
  settle();
  EXPECT_EQ(in_force(), Words{"slow 192.0.2.1 to 10"});
  EXPECT_EQ(standing(), std::vector<Suppression>{});
}

TEST_F(LearnerTest, leaves_alone_what_a_person_has_ended) {
  answered("ann@icloud.com", refused_way);
  settle();
  page.all.clear();
  later(10min);
  EXPECT_EQ(in_force(), Words{});
  later(2h);
  EXPECT_EQ(in_force(), Words{});
  later(2h);
  EXPECT_EQ(in_force(), Words{});
}

TEST_F(LearnerTest, leaves_alone_what_a_person_has_ordered_for_longer) {
  page.all = {{.kind = BackoffKind::pause,
               .subject = "192.0.2.1",
               .since = clock.time,
               .until = {},
               .by = "root",
               .why = "moving"}};
  const Backoff by_hand = page.all.front();
  answered("ann@icloud.com", deferred_way);
  settle();
  later(1h);
  EXPECT_EQ(*Backoffs(page.all).find(BackoffKind::pause, "192.0.2.1", clock.time), by_hand);
}

TEST_F(LearnerTest, pauses_every_way_where_it_is_not_sure_which_one_was_taken) {
  config.egress.addresses.push_back(*IpAddress::parse("192.0.2.2"));
  reopen();
  answered("ann@icloud.com", deferred_way);
  settle();
  EXPECT_EQ(in_force(), (Words{"pause all until 11-21T08:15", "slow all to 50"}));
  handover.egress = "192.0.2.2";
  answered("ann@icloud.com", deferred_way);
  settle();
  EXPECT_EQ(in_force().at(0), "pause 192.0.2.2 until 11-21T08:15");
}

TEST_F(LearnerTest, pauses_for_a_fault_of_the_connection_when_it_comes_again) {
  const std::string lost =
      "lost connection with mx01.mail.icloud.com[17.57.1.1] while sending RCPT TO";
  answered("ann@icloud.com", lost);
  clock.time += 1min;
  answered("ann@icloud.com", lost);
  settle();
  EXPECT_EQ(in_force(), Words{});
  answered("ann@icloud.com", lost);
  settle();
  EXPECT_EQ(in_force().size(), 2u);
}

TEST_F(LearnerTest, orders_nothing_for_a_pause_that_has_passed_when_it_is_read) {
  DeliveryEvent old = event("ann@icloud.com", deferred_way);
  old.time -= 5h;
  learn(old);
  settle();
  EXPECT_EQ(in_force(), Words{"slow 192.0.2.1 to 50"});
}

TEST_F(LearnerTest, stops_a_form_that_is_refused_for_three_recipients) {
  answered("ann@icloud.com", refused_content);
  answered("ann@icloud.com", refused_content);
  answered("bob@icloud.com", refused_content);
  settle();
  EXPECT_EQ(in_force(), Words{});
  answered("eve@icloud.com", refused_content);
  settle();
  EXPECT_EQ(in_force(), Words{"template 0123456789abcdef" + news_ + " until 11-22T08:00"});
  handover.form.clear();
  for (int i = 0; i < 5; ++i) answered(fmt::format("x{}@icloud.com", i), refused_content);
  settle();
  EXPECT_EQ(in_force().size(), 1u);
}

TEST_F(LearnerTest, holds_a_domain_of_ours_and_none_that_passes_through) {
  for (const std::string domain : {"gmail.example", "shop.example"}) {
    handover.from_domain = domain;
    for (int i = 0; i < 3; ++i) answered(fmt::format("x{}@icloud.com", i), no_authentication);
  }
  settle();
  EXPECT_EQ(in_force(), Words{"domain shop.example" + news_ + " until 11-22T08:00"});
}

TEST_F(LearnerTest, holds_the_mail_of_who_was_refused_and_nobody_elses) {
  handover.login = "mallory";
  handover.origin = "submission";
  for (int i = 0; i < 3; ++i) {
    answered(fmt::format("x{}@icloud.com", i), no_authentication);
    answered(fmt::format("y{}@icloud.com", i), refused_content);
  }
  // What somebody outside has sent under our name goes on to Apple, and says nothing of our mail.
  handover.login.clear();
  handover.origin = "forwarded";
  for (int i = 0; i < 3; ++i) answered(fmt::format("x{}@icloud.com", i), no_authentication);
  settle();
  const std::string mallory = submitter_word("mallory", "news", "submission");
  EXPECT_NE(mallory, submitter_word("ann", "news", "submission"));
  EXPECT_EQ(in_force(), (Words{"domain shop.example" + mallory + " until 11-22T08:00",
                               "template 0123456789abcdef" + mallory + " until 11-22T08:00"}));
}

TEST_F(LearnerTest, slows_a_recipient_who_gets_too_much) {
  answered("bob@icloud.com",
           "host mx01.mail.icloud.com[17.57.1.1] said: 421 4.7.1 Messages to bob@icloud.com "
           "deferred due to excessive volume. Try again later (in reply to RCPT TO command)");
  settle();
  EXPECT_EQ(in_force(), Words{"recipient " + person_word("bob@icloud.com") + " every 1h"});
}

TEST_F(LearnerTest, does_nothing_when_it_is_off) {
  config.replies.mode = Mode::off;
  answered("ann@icloud.com", refused_way);
  answered("bob@icloud.com", gone);
  later(1h);
  EXPECT_EQ(in_force(), Words{});
  EXPECT_EQ(standing(), std::vector<Suppression>{});
  EXPECT_EQ(outlet.sent.size(), 0u);
}

}  // namespace
}  // namespace icm
