// SPDX-License-Identifier: Apache-2.0
//
// What a Learner tells those who watch it.
#include "policy/learning/learner_figures.h"

#include "test/policy/learning/learner_fixture.h"

namespace icm {
namespace {

class FiguresTest : public LearnerTest {
 protected:
  LearnerFigures figures() { return learner->figures().value(); }
  void answered_gone(int from, int to) {
    for (int i = from; i < to; ++i) answered(fmt::format("p{}@icloud.com", i), gone);
  }
};

TEST_F(FiguresTest, have_each_answer_once_by_its_class_and_code) {
  taken();
  answered("a@icloud.com", gone);
  answered("b@icloud.com", full);
  answered("c@icloud.com", deferred_way);
  DeliveryEvent again = event("d@icloud.com", gone);
  learn(again);
  learn(again);
  DeliveryEvent of_another = event("e@icloud.com", gone);
  of_another.is_apples = false;
  learn(of_another);
  settle();
  const std::map<std::pair<ReplyClass, int>, LearnerFigures::Count> expected = {
      {{ReplyClass::success, 2}, 1},
      {{ReplyClass::recipient_gone, 5}, 2},
      {{ReplyClass::mailbox_full, 5}, 1},
      {{ReplyClass::throttle, 4}, 1}};
  EXPECT_EQ(figures().answers, expected);
}

TEST_F(FiguresTest, tell_what_was_done_from_what_was_only_said) {
  config.replies.only_observe = {ReplyEffect::pause};
  reopen();
  answered("a@icloud.com", gone);
  answered("b@icloud.com", deferred_way);
  settle();
  EXPECT_EQ(figures().addresses_owed, 1);
  EXPECT_EQ(figures().begun, (std::map<ReplyEffect, LearnerFigures::Deeds>{
                                 {ReplyEffect::pause, {.enforced = 0, .observed = 1}},
                                 {ReplyEffect::slow, {.enforced = 1, .observed = 0}}}));
  later(15min);
  EXPECT_EQ(figures().addresses_owed, 0);
  EXPECT_EQ(figures().begun[ReplyEffect::suppress],
            (LearnerFigures::Deeds{.enforced = 1, .observed = 0}));
}

TEST_F(FiguresTest, know_how_near_the_breaker_is) {
  EXPECT_EQ(figures().nearest, (BreakerApproach{.addresses = 0, .threshold = 20}));
  for (int i = 0; i < 1000; ++i) taken(fmt::format("t{}@icloud.com", i));
  answered_gone(0, 7);
  answered_gone(0, 7);  // an address is one, however often it is tried
  settle();
  // 5 percent of 1007 addresses, and more.
  EXPECT_EQ(figures().nearest, (BreakerApproach{.addresses = 7, .threshold = 51}));
  clock.time += 2h;
  settle();
  EXPECT_EQ(figures().nearest, (BreakerApproach{.addresses = 0, .threshold = 20}));
}

TEST_F(FiguresTest, name_the_number_that_opens_the_breaker) {
  for (int i = 0; i < 200; ++i) taken(fmt::format("t{}@icloud.com", i));
  int addresses = 0;
  while (!figures().is_breaker_open && addresses < 200) {
    answered_gone(addresses, addresses + 1);
    ++addresses;
    settle();
    const LearnerFigures told = figures();
    const bool is_enough = told.nearest.addresses >= told.nearest.threshold;
    EXPECT_EQ(told.is_breaker_open, is_enough) << addresses;
  }
  EXPECT_EQ(figures().nearest, (BreakerApproach{.addresses = addresses, .threshold = 20}));
  EXPECT_EQ(addresses, 20);
  EXPECT_EQ(figures().breaker_openings, 1u);
  EXPECT_EQ(figures().alerts,
            (std::map<AlertKind, LearnerFigures::Count>{{AlertKind::breaker, 1}}));
}

TEST_F(FiguresTest, say_after_a_restart_that_the_breaker_is_open_and_count_from_nothing) {
  outlet.answer = fail(Code::temporary, "nobody");
  answered_gone(0, 30);
  settle();
  EXPECT_EQ(figures().alerts_lost, 1u);
  reopen();
  EXPECT_TRUE(figures().is_breaker_open);
  EXPECT_EQ(figures().nearest.addresses, 30);
  EXPECT_EQ(figures().breaker_openings, 0u);
  EXPECT_TRUE(figures().answers.empty());
  for (int i = 0; i < 20; ++i) {
    taken();
    later(10min);
  }
  EXPECT_FALSE(figures().is_breaker_open);
}

TEST_F(FiguresTest, count_bounces_in_the_book_whoever_takes_them) {
  const auto bounce = [&](std::string_view recipient) {
    DeliveryEvent told = event(recipient, gone);
    told.queue_id = recipient;
    told.teller = Teller::report;
    learn(told);
    learn(told);
  };
  bounce("a@icloud.com");
  bounce("b@icloud.com");
  EXPECT_EQ(figures().bounces, 0u);
  settle();
  EXPECT_EQ(figures().bounces, 2u);
  reopen();
  bounce("c@icloud.com");
  settle();
  EXPECT_EQ(figures().bounces, 3u);
}

}  // namespace
}  // namespace icm
