// SPDX-License-Identifier: Apache-2.0
//
// An outage at Apple, played back: nobody loses mail by it, or gets it back exactly.
#include <algorithm>
#include <functional>

#include "policy/learning/mass_bounce_breaker.h"
#include "test/policy/learning/learner_fixture.h"

namespace icm {
namespace {

// Five thousand answers in ten minutes, as on 2021-04-26, among some mail that is taken.
class OutageTest : public LearnerTest {
 protected:
  void an_usual_week() {
    clock.time -= 24h * 3;
    for (int hour = 0; hour < 72; ++hour) {
      for (int i = 0; i < 50; ++i) taken(fmt::format("u{}@icloud.com", i));
      clock.time += 1h;
    }
    settle();
  }
  void an_outage() {
    for (int i = 0; i < 5000; ++i) {
      answered(fmt::format("p{}@icloud.com", i), gone);
      if (i % 10 == 0) taken(fmt::format("t{}@icloud.com", i));
      if (i % 100 == 0) settle();
      clock.time += 120ms;
    }
    settle();
  }
  int alerts_of_outage() const {
    int count = 0;
    for (const AlertText& one : outlet.sent) {
      count += one.title.find("an outage at Apple is suspected") != std::string::npos;
    }
    return count;
  }
};

TEST_F(OutageTest, takes_no_address_and_tells_a_person_once) {
  an_usual_week();
  said.clear();
  an_outage();
  for (int i = 0; i < 12; ++i) later(10min);
  EXPECT_EQ(standing(), std::vector<Suppression>{});
  ASSERT_EQ(alerts_of_outage(), 1);
  EXPECT_EQ(outlet.sent[0].title,
            "Apple: an outage at Apple is suspected: of the last 72 addresses 20 had "
            "address-does-not-exist for an answer (27.8 percent; usual are 0.0); no address is "
            "suppressed until it is over");
  EXPECT_EQ(said.back(),
            "the outage of address-does-not-exist that began at 2026-11-21T08:00:02.280Z is over: "
            "what was answered so meanwhile counts when it comes again");
  // A day later one is still gone, and another takes mail.
  clock.time += 24h;
  taken("p1@icloud.com");
  answered("p2@icloud.com", gone);
  later(15min);
  ASSERT_EQ(standing().size(), 1u);
  EXPECT_EQ(standing()[0].address, "p2@icloud.com");
  EXPECT_EQ(standing()[0].evidence->count, 2);
}

TEST_F(OutageTest, gives_back_exactly_what_went_before_it_showed) {
  config.replies.breaker.wait = 0s;
  reopen();
  an_usual_week();
  // Who is gone since yesterday, and who has said no himself, stays.
  clock.time -= 20h;
  answered("old@icloud.com", gone);
  settle();
  const Suppression unsubscribed{.address = "p3@icloud.com",
                                 .scope = "global",
                                 .reason = SuppressionReason::unsubscribe,
                                 .source = "cli",
                                 .note = {},
                                 .created = clock.time,
                                 .expires = {}};
  ASSERT_TRUE(list->add(unsubscribed, {.who = "root", .at = clock.time, .why = {}}));
  clock.time += 20h;
  const auto before = standing();
  ASSERT_EQ(before.size(), 2u);
  const WallTime since = clock.time;
  for (int i = 0; i < 5000; ++i) {
    answered(fmt::format("p{}@icloud.com", i), gone);
    if (i < 19) settle();
    clock.time += 120ms;
  }
  settle();
  EXPECT_EQ(standing().size(), 2u + 19u);
  const auto count = list->undo(
      {.import = {}, .pattern = "address-does-not-exist", .since = since, .until = clock.time},
      {.kind = Deed::Kind::undo, .who = "root", .at = clock.time, .why = "outage"},
      Undoing::for_good);
  ASSERT_TRUE(count) << count.error().text;
  EXPECT_EQ(*count, (UndoCount{.removed = 19, .restored = 0, .left = 0}));
  EXPECT_EQ(standing(), before);
}

TEST_F(OutageTest, opens_not_for_what_is_usual) {
  clock.time -= 24h * 2;
  for (int hour = 0; hour < 48; ++hour) {
    for (int i = 0; i < 10; ++i) taken(fmt::format("u{}@icloud.com", i));
    for (int i = 0; i < 2; ++i) answered(fmt::format("gone{}-{}@icloud.com", hour, i), gone);
    clock.time += 1h;
  }
  settle();
  for (int i = 0; i < 100; ++i) taken(fmt::format("u{}@icloud.com", i));
  for (int i = 0; i < 25; ++i) answered(fmt::format("late{}@icloud.com", i), gone);
  later(15min);
  EXPECT_EQ(alerts_of_outage(), 0);
  EXPECT_EQ(standing().size(), 48u * 2u + 25u);
}

TEST_F(OutageTest, stays_open_while_the_share_is_between_opening_and_closing) {
  an_usual_week();
  an_outage();
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 100; ++i) taken(fmt::format("t{}-{}@icloud.com", round, i));
    for (int i = 0; i < 4; ++i) answered(fmt::format("q{}-{}@icloud.com", round, i), gone);
    later(30min);
  }
  EXPECT_TRUE(said.empty() || said.back().find("was answered so meanwhile") == std::string::npos)
      << said.back();
  EXPECT_EQ(standing(), std::vector<Suppression>{});
  for (int i = 0; i < 100; ++i) taken(fmt::format("u{}@icloud.com", i));
  later(70min);
  later(61min);
  ASSERT_FALSE(said.empty());
  EXPECT_NE(said.back().find("was answered so meanwhile"), std::string::npos);
}

TEST_F(OutageTest, is_forgotten_after_a_quarter_of_a_year) {
  an_usual_week();
  an_outage();
  for (int i = 0; i < 12; ++i) later(10min);
  ASSERT_EQ(breaker_openings(*book)->size(), 1u);
  clock.time += openings_known_for + 1h;
  settle();
  settle();
  EXPECT_EQ(breaker_openings(*book)->size(), 0u);
}

// As much mail in each hour, some of it to addresses that are gone, and each to others.
class DirtyListTest : public OutageTest {
 protected:
  void an_hour(int hour, int gone_addresses, int others) {
    for (int i = 0; i < others; ++i) taken(fmt::format("u{}@icloud.com", i));
    for (int i = 0; i < gone_addresses; ++i) {
      answered(fmt::format("d{}-{}@icloud.com", hour, i), gone);
    }
    later(1h);
  }
  bool was_said(std::string_view words) const {
    return std::ranges::any_of(
        said, [&](const std::string& one) { return one.find(words) != std::string::npos; });
  }
};

TEST_F(DirtyListTest, counts_addresses_and_not_how_often_one_is_tried) {
  an_usual_week();
  for (int i = 0; i < 100; ++i) {
    answered("bob@icloud.com", gone);
    clock.time += 10s;
  }
  later(15min);
  EXPECT_EQ(alerts_of_outage(), 0);
  ASSERT_EQ(standing().size(), 1u);
  EXPECT_EQ(standing()[0].evidence->count, 100);
}

TEST_F(DirtyListTest, learns_that_so_many_are_always_gone) {
  clock.time -= 24h * 5;
  for (int hour = 0; hour < 24; ++hour) an_hour(hour, 25, 200);
  EXPECT_EQ(alerts_of_outage(), 1);
  EXPECT_EQ(standing(), std::vector<Suppression>{});
  an_hour(24, 25, 200);
  EXPECT_TRUE(
      was_said("is no outage: for a day address-does-not-exist was the answer for 11.1 "
               "percent of all addresses, and that is usual from now on"))
      << said.back();
  for (int hour = 26; hour < 74; ++hour) an_hour(hour, 25, 200);
  EXPECT_EQ(alerts_of_outage(), 1);
  EXPECT_EQ(standing().size(), 25u * 49u);
  reopen();  // and that is known after a restart
  an_outage();
  EXPECT_EQ(alerts_of_outage(), 2);
  EXPECT_EQ(standing().size(), 25u * 49u);
}

TEST_F(DirtyListTest, takes_nobody_for_as_long_as_most_are_refused) {
  an_usual_week();
  for (int hour = 0; hour < 30; ++hour) an_hour(hour, 150, 30);
  EXPECT_EQ(standing(), std::vector<Suppression>{});
  EXPECT_FALSE(was_said("is no outage"));
}

TEST_F(DirtyListTest, believes_who_is_gone_still_when_the_next_mailing_leaves) {
  an_usual_week();
  const auto mailing = [&] {
    for (int i = 0; i < 400; ++i) taken(fmt::format("u{}@icloud.com", i));
    for (int i = 0; i < 60; ++i) answered(fmt::format("d{}@icloud.com", i), gone);
    for (int i = 0; i < 24; ++i) later(10min);
  };
  mailing();
  EXPECT_EQ(alerts_of_outage(), 1);
  EXPECT_EQ(standing(), std::vector<Suppression>{});
  clock.time += 24h * 7;
  mailing();
  EXPECT_EQ(alerts_of_outage(), 1);
  EXPECT_EQ(standing().size(), 60u);
}

// Two outages on two days are two answers that come a day apart.
TEST_F(DirtyListTest, believes_no_two_outages_that_follow_upon_each_other) {
  an_usual_week();
  an_outage();
  for (int i = 0; i < 24; ++i) later(1h);
  for (int i = 0; i < 100; ++i) answered(fmt::format("x{}@icloud.com", i), gone);
  for (int i = 0; i < 1000; ++i) answered(fmt::format("p{}@icloud.com", i), gone);
  for (int i = 0; i < 24; ++i) later(10min);
  EXPECT_EQ(standing(), std::vector<Suppression>{});
}

// Five days of a log that are read at once; an outage of three hours began 25 hours ago.
class BacklogTest : public OutageTest {
 protected:
  // By the hour, as the log has it; each has addresses of its own.
  void an_hour_ago(int hour, int gone_addresses, int others) {
    for (int i = 0; i < gone_addresses + others; ++i) {
      const bool is_gone = i % (gone_addresses + others) < gone_addresses;
      DeliveryEvent one = event(fmt::format("{}{}-{}@icloud.com", is_gone ? "g" : "u", hour, i),
                                is_gone ? gone : "250 2.0.0 Ok: queued",
                                is_gone ? DeliveryStatus::bounced : DeliveryStatus::sent);
      one.time = clock.time - 1h * hour + 3600s / (gone_addresses + others) * i;
      learn(one);
    }
  }
  void read_all(const std::function<void()>& after_each) {
    for (int hour = 120; hour > 0; --hour) {
      const bool is_outage = hour <= 25 && hour > 22;
      an_hour_ago(hour, is_outage ? 40 : 2, is_outage ? 60 : 98);
      const Status done = learner->settle(
          SourcePosition{.source = "mail.log", .position = "x", .has_more = hour > 1});
      EXPECT_TRUE(done) << done.error().text;
      after_each();
    }
    for (int i = 0; i < 3; ++i) later(1h);
  }
  std::size_t taken_of_outage() {
    return static_cast<std::size_t>(std::ranges::count_if(standing(), [](const Suppression& one) {
      return one.address.starts_with("g25-") || one.address.starts_with("g24-") ||
             one.address.starts_with("g23-");
    }));
  }
};

TEST_F(BacklogTest, tells_an_outage_by_the_time_of_the_log) {
  read_all([] {});
  EXPECT_EQ(alerts_of_outage(), 1);
  EXPECT_EQ(taken_of_outage(), 0u);
  EXPECT_GT(standing().size(), 2u * 90u);  // but for those that were gone before and after
  EXPECT_TRUE(std::ranges::none_of(
      said, [](const std::string& one) { return one.find("is no outage") != std::string::npos; }));
}

// A bounce that comes meanwhile is settled by the clock.
TEST_F(BacklogTest, takes_no_day_for_usual_that_was_not_read) {
  read_all([&] { settle(); });
  EXPECT_EQ(taken_of_outage(), 0u);
}

TEST_F(OutageTest, is_remembered_by_who_reads_on_after_a_restart) {
  an_usual_week();
  an_outage();
  reopen();
  later(20min);
  EXPECT_EQ(standing(), std::vector<Suppression>{});
  EXPECT_EQ(alerts_of_outage(), 1);
}

}  // namespace
}  // namespace icm
