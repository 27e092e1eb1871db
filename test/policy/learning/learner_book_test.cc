// SPDX-License-Identifier: Apache-2.0
//
// The book of what was learnt: one delivery counts once, whoever tells of it; two processes that
// write it know of each other; and where addresses are not to be kept, it has none.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>
#include <vector>

#include "test/policy/learning/learner_fixture.h"

namespace icm {
namespace {

class LearnerBookTest : public LearnerTest {
 protected:
  LearnerBookTest() { config.replies.breaker.wait = 0s; }

  DeliveryEvent bounce_of(const DeliveryEvent& told, WallTime time) {
    DeliveryEvent report = told;
    report.time = time;
    report.reply = "smtp; 550 5.1.1 <bob@icloud.com>: user does not exist";
    report.key = fmt::format("report {}", ++keys);
    report.teller = Teller::report;
    return report;
  }

  // Another process that works with the same files.
  struct Other {
    ReplyBook book;
    std::unique_ptr<SuppressionBook> list;
    std::unique_ptr<Learner> learner;
  };
  std::unique_ptr<Other> another() {
    auto other = std::make_unique<Other>(Other{
        .book =
            ReplyBook::open(book->path(), Database::Access::write, Missing::refuse, soon()).value(),
        .list = open_book(config.store, Missing::refuse, soon()).value(),
        .learner = nullptr});
    other->learner = Learner::make(config, {.book = other->book,
                                            .suppressions = *other->list,
                                            .backoffs = backoffs,
                                            .alerts = outlet,
                                            .table = built_in_table(),
                                            .clock = clock,
                                            .say = [](const std::string&) {},
                                            .forms = {}})
                         .value();
    return other;
  }
  void learn_by(Learner& other, const DeliveryEvent& event) {
    const ReceivedReply reply = parse_received_reply(event.reply);
    ASSERT_TRUE(other.learn(event, handover, built_in_table().classify(reply), reply));
    ASSERT_TRUE(other.settle());
  }

  std::string octets_of_book() const {
    std::string all;
    for (const char* ending : {"", "-wal"}) {
      std::ifstream file(directory.path().string() + "/replies.db" + ending, std::ios::binary);
      std::stringstream octets;
      octets << file.rdbuf();
      all += octets.str();
    }
    return all;
  }
};

TEST(ReplyBook, is_made_once_however_many_open_it_at_the_same_time) {
  for (int round = 0; round < 30; ++round) {
    const TemporaryDirectory fresh;
    const std::string file = fresh.path() / "replies.db";
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&file] {
        const auto opened =
            ReplyBook::open(file, Database::Access::write, Missing::make, Deadline::in(60s));
        ASSERT_TRUE(opened) << opened.error().text;
      });
    }
  }
}

TEST_F(LearnerBookTest, counts_a_delivery_once_when_its_bounce_comes_home) {
  const DeliveryEvent line = event("bob@icloud.com", gone);
  learn(line);
  settle();
  clock.time += 2h;
  learn(bounce_of(line, clock.time));
  learn(bounce_of(line, clock.time));
  settle();
  ASSERT_EQ(standing().size(), 1u);
  EXPECT_EQ(standing()[0].evidence->count, 1);
}

TEST_F(LearnerBookTest, counts_a_delivery_once_when_its_bounce_was_read_first) {
  const DeliveryEvent line = event("bob@icloud.com", gone);
  learn(bounce_of(line, clock.time + 1s));
  learn(line);
  settle();
  ASSERT_EQ(standing().size(), 1u);
  EXPECT_EQ(standing()[0].evidence->count, 1);
  DeliveryEvent next = event("bob@icloud.com", gone);
  next.queue_id = "4Nc3";
  learn(next);
  settle();
  EXPECT_EQ(standing()[0].evidence->count, 2);
}

TEST_F(LearnerBookTest, counts_a_line_once_though_its_clock_was_ahead) {
  DeliveryEvent line = event("bob@icloud.com", gone);
  line.time += 48h;
  for (int day = 0; day < 3; ++day) {
    learn(line);
    settle();
    clock.time += 24h;
  }
  ASSERT_EQ(standing().size(), 1u);
  EXPECT_EQ(standing()[0].evidence->count, 1);
}

TEST_F(LearnerBookTest, knows_what_another_process_has_learnt) {
  config.replies.breaker.wait = 15min;
  reopen();
  settle();
  const auto other = another();
  learn_by(*other->learner, event("bob@icloud.com", gone));
  taken("bob@icloud.com");
  later(1h);
  EXPECT_EQ(standing(), std::vector<Suppression>{});
}

TEST_F(LearnerBookTest, keeps_the_outage_that_another_process_has_seen) {
  settle();
  const auto other = another();
  for (int i = 0; i < 30; ++i) {
    learn_by(*other->learner, event(fmt::format("p{}@icloud.com", i), gone));
  }
  const auto before = standing();
  answered("new@icloud.com", gone);
  later(1min);
  EXPECT_EQ(standing(), before);
  EXPECT_EQ(outlet.sent.size(), 1u);
}

TEST_F(LearnerBookTest, has_no_address_where_the_list_has_none) {
  config.store.hash_key_file = directory.write("hash.key", std::string(64, 'a') + "\n").string();
  std::filesystem::permissions(config.store.hash_key_file, std::filesystem::perms::owner_read);
  // What was learnt before there was a key.
  config.replies.breaker.wait = 15min;
  reopen();
  answered("old.secret@icloud.com", "552 5.2.2 <old.secret@icloud.com>: user is over quota");
  answered("who.secret@icloud.com", "550 <who.secret@icloud.com> is not to my taste");
  settle();
  EXPECT_NE(octets_of_book().find("secret"), std::string::npos);

  auto opened = open_book(config.store, Missing::refuse, soon());
  ASSERT_TRUE(opened) << opened.error().text;
  list = *std::move(opened);
  const auto hashed = address_forms(config.store, {});
  ASSERT_TRUE(hashed) << hashed.error().text;
  forms = *hashed;
  reopen();
  answered("bob.secret@icloud.com", "550 5.1.1 <bob.secret@icloud.com>: user does not exist");
  answered("x1.secret@privaterelay.appleid.com",
           "550 5.1.1 <x1.secret@privaterelay.appleid.com>: user not found");
  answered("ann.secret@icloud.com", "550 5.1.1 <ann.secret@icloud.com>: user does not exist");
  taken("ann.secret@icloud.com");
  answered("eve.secret@icloud.com", "551 <eve.secret@icloud.com> has a taste of her own");
  later(20min);
  std::map<std::string, std::string> reasons;
  for (const Suppression& one : standing()) {
    reasons[one.address] = std::string(to_string(one.reason));
    EXPECT_EQ(one.evidence->reply.find("secret"), std::string::npos) << one.evidence->reply;
  }
  EXPECT_EQ(reasons, (std::map<std::string, std::string>{
                         {forms.stored("bob.secret@icloud.com"), "hard-bounce"},
                         {forms.stored("x1.secret@privaterelay.appleid.com"), "relay-off"},
                         {forms.stored("old.secret@icloud.com"), "suspended"}}));
  learner.reset();
  ASSERT_TRUE(Database::open(book->path(), Database::Access::write)
                  .value()
                  .execute("PRAGMA wal_checkpoint(TRUNCATE); VACUUM"));
  book.reset();
  EXPECT_EQ(octets_of_book().find("secret"), std::string::npos);
  EXPECT_TRUE(std::ranges::any_of(
      said, [&](const std::string& line) { return line.find("suppressed hmac:") == 0; }));
}

}  // namespace
}  // namespace icm
