// SPDX-License-Identifier: Apache-2.0
//
// What answers about addresses come to, and what no answer may come to.
#include <map>

#include "policy/base/text.h"
#include "policy/store/redis_book.h"
#include "test/policy/learning/learner_fixture.h"
#include "test/policy/replies/samples_file.h"
#include "test/support/redis_process.h"

namespace icm {
namespace {

TEST_F(LearnerTest, suppresses_who_is_gone_when_no_outage_has_shown_for_a_while) {
  answered("bob@icloud.com", gone);
  settle();
  EXPECT_EQ(standing(), std::vector<Suppression>{});
  later(15min);
  const WallTime time = parse_time("2026-11-21T08:00:00Z").value();
  EXPECT_EQ(standing(),
            (std::vector<Suppression>{
                {.address = "bob@icloud.com",
                 .scope = "global",
                 .reason = SuppressionReason::hard_bounce,
                 .source = "replies",
                 .note = {},
                 .created = time,
                 .expires = {},
                 .evidence = Evidence{.pattern = "address-does-not-exist",
                                      .reply = "550 5.1.1 <bob@icloud.com>: user does not exist",
                                      .queue_id = "4Nb2",
                                      .first_seen = time,
                                      .last_seen = time,
                                      .count = 1}}}));
  EXPECT_EQ(said, Words{"suppressed bob@icloud.com: 550 5.1.1 <bob@icloud.com>: user does not "
                        "exist (address-does-not-exist, 1 so far)"});
}

// With the time that is given to the store for each thousand, not for all of them.
TEST_F(LearnerTest, hands_over_to_redis_however_many_there_are) {
  const RedisProcess server;
  RedisOptions options = patient_options();
  options.servers = {server.address()};
  list = *RedisSuppressionBook::open(options, Missing::make, soon());
  config.replies.breaker.at_least = 1'000'000;
  reopen();
  for (int i = 0; i < 2500; ++i) answered(fmt::format("p{}@icloud.com", i), gone);
  later(15min);
  EXPECT_EQ(standing().size(), 2500u);
  // A deed for each call, and not one for each address.
  EXPECT_EQ(RedisShelf(options).deeds(soon())->size(), 3u);
}

TEST_F(LearnerTest, says_only_what_it_would_do_where_it_shall_observe) {
  config.replies.only_observe = {ReplyEffect::suppress, ReplyEffect::pause, ReplyEffect::slow};
  answered("bob@icloud.com", gone);
  answered("ann@icloud.com", deferred_way);
  clock.time += 15min;
  settle();
  settle();  // all has been read
  EXPECT_EQ(standing(), std::vector<Suppression>{});
  EXPECT_EQ(in_force(), Words{});
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(said[1],
            "would have suppressed bob@icloud.com: 550 5.1.1 <bob@icloud.com>: user does not exist "
            "(address-does-not-exist, 1 so far)");
  EXPECT_EQ(said[0],
            "would have slowed to 50 percent mail that leaves by 192.0.2.1 until "
            "2026-11-23T08:15:00.000Z: 421 [HCM1] Your mail from 192.0.2.1 was deferred");
}

TEST_F(LearnerTest, takes_a_relay_address_that_is_off_for_what_it_is) {
  answered("x@privaterelay.appleid.com",
           "550 5.1.1 <x@privaterelay.appleid.com>: user not found (in reply to RCPT TO command)");
  later(15min);
  ASSERT_EQ(standing().size(), 1u);
  EXPECT_EQ(standing()[0].reason, SuppressionReason::relay_off);
}

TEST_F(LearnerTest, suspends_who_is_off_for_longer_each_time_and_suppresses_after_weeks) {
  std::vector<std::string> ends;
  for (const auto wait : {0h, 24h, 72h, 168h, 168h}) {
    clock.time += wait;
    answered("bob@icloud.com", off);
    answered("bob@icloud.com", off);  // of mail that was in the queue
    later(15min);
    ASSERT_EQ(standing().size(), 1u);
    const Suppression one = standing().front();
    ends.push_back(std::string(to_string(one.reason)) + " " +
                   (one.expires ? to_rfc3339(*one.expires).substr(5, 5) : std::string("never")));
    clock.time -= 15min;
  }
  EXPECT_EQ(ends, (Words{"suspended 11-22", "suspended 11-25", "suspended 12-02", "suspended 12-09",
                         "hard-bounce never"}));
}

TEST_F(LearnerTest, forgets_what_was_held_against_an_address_that_takes_mail_again) {
  answered("bob@icloud.com", gone);
  taken("bob@icloud.com");
  later(1h);
  EXPECT_EQ(standing(), std::vector<Suppression>{});
}

TEST_F(LearnerTest, counts_an_answer_once_whatever_is_read_again) {
  const DeliveryEvent first = event("bob@icloud.com", full);
  const DeliveryEvent second = event("ann@icloud.com", deferred_way);
  learn(first);
  learn(second);
  ASSERT_TRUE(learner->settle(SourcePosition{"log", "12"}));
  later(15min);
  const auto list_before = standing();
  const auto backoffs_before = page.all;
  reopen();
  EXPECT_EQ(book->position("log").value(), "12");
  for (int i = 0; i < 3; ++i) {
    learn(first);
    learn(second);
    settle();
  }
  EXPECT_EQ(standing(), list_before);
  EXPECT_EQ(page.all, backoffs_before);
}

TEST_F(LearnerTest, keeps_nothing_of_what_could_not_be_done) {
  answered("ann@icloud.com", deferred_way);
  page.error = Error{Code::temporary, "redis: away"};
  const Status done = learner->settle(SourcePosition{"log", "12"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().text, "redis: away");
  EXPECT_EQ(book->position("log").value(), std::nullopt);
  page.error.reset();
  keys = 0;
  answered("ann@icloud.com", deferred_way);  // read again
  ASSERT_TRUE(learner->settle(SourcePosition{"log", "12"}));
  EXPECT_EQ(in_force(), (Words{"pause 192.0.2.1 until 11-21T08:15", "slow 192.0.2.1 to 50"}));
}

TEST_F(LearnerTest, learns_nothing_from_what_is_older_than_it_remembers) {
  DeliveryEvent old = event("bob@icloud.com", gone);
  old.time -= replies_known_for + 1h;
  learn(old);
  later(1h);
  EXPECT_EQ(standing(), std::vector<Suppression>{});
}

// Every answer that is known, to an address of its own. Not one may lose mail for what is not its
// own; the breaker is put out of the way, so that nothing hides behind it.
TEST_F(LearnerTest, lets_no_address_suffer_for_what_is_not_its_own) {
  config.replies.breaker.at_least = 1000000;
  config.replies.breaker.wait = 0s;
  reopen();
  std::vector<std::string> replies;
  std::map<std::string, bool> may_suffer;  // by address
  const auto add = [&](const std::string& reply, ReplyClass told) {
    const std::string address = fmt::format("a{}@icloud.com", may_suffer.size());
    may_suffer[address] = told == ReplyClass::recipient_gone ||
                          told == ReplyClass::recipient_inactive ||
                          told == ReplyClass::mailbox_full || told == ReplyClass::relay_denied;
    answered(address, reply);
  };
  for (const ReplyEntry& entry : built_in_table().entries()) {
    for (const std::string& example : entry.examples) add(example, entry.reply_class);
  }
  for (const std::string name :
       {"samples.txt", "framed_samples.txt", "worded_samples.txt", "seen_samples.txt"}) {
    for (const Sample& sample : read_samples(name)) {
      add(sample.reply, sample.reply_class);
      // A frame around a bare reply; where there is one already, that counts.
      const bool is_bare = name == "samples.txt" && is_digit(sample.reply.front()) &&
                           sample.reply.find("in reply to") == std::string::npos;
      if (!is_bare) continue;
      const std::string host = "host mx01.mail.icloud.com[17.57.1.1] ";
      // Said before a recipient was named, it is about none.
      add(host + "refused to talk to me: " + sample.reply, ReplyClass::unknown);
      add(host + "said: " + sample.reply + " (in reply to MAIL FROM command)", ReplyClass::unknown);
    }
  }
  settle();
  std::size_t wrongly = 0;
  for (const Suppression& one : standing()) {
    if (may_suffer.at(one.address)) continue;
    ++wrongly;
    ADD_FAILURE() << one.address << " " << one.evidence->pattern << " " << one.evidence->reply;
  }
  EXPECT_EQ(wrongly, 0u);
  EXPECT_GT(standing().size(), 100u);
  EXPECT_GT(may_suffer.size(), 800u);
}

TEST_F(LearnerTest, does_not_what_a_table_of_somebody_else_asks_for_wrongly) {
  ReplyEntry entry = unknown_reply();
  entry.id = "own";
  entry.action = ReplyAction::suppress_address;
  entry.scope = ReplyScope::address;
  entry.reply_class = ReplyClass::content;
  entry.nature = ReplyNature::permanent;
  entry.confidence = Confidence::high;
  const ReceivedReply reply = parse_received_reply("550 5.7.1 [CS01] no");
  ASSERT_TRUE(
      learner->learn(event("bob@icloud.com", "550 5.7.1 [CS01] no"), handover, entry, reply));
  later(1h);
  EXPECT_EQ(standing(), std::vector<Suppression>{});
}

}  // namespace
}  // namespace icm
