// SPDX-License-Identifier: Apache-2.0
//
// What only the ledger in Redis can meet: a server that is away, or has lost it. What every ledger
// promises is tested in every_ledger_test.cc.
#include "policy/store/redis_ledger.h"

#include <gtest/gtest.h>

#include "policy/store/redis_ledger_book.h"
#include "policy/store/stores.h"
#include "test/support/redis_process.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

const Mailbox bob = *Mailbox::parse("bob@icloud.com");

Deadline soon() { return Deadline::in(60s); }

class RedisLedgerTest : public testing::Test {
 protected:
  RedisLedgerTest() {
    config.kind = StoreKind::redis;
    config.path = directory.path() / "store.db";
    config.redis.servers = {server.address()};
    config.redis.timeout = 60s;
  }

  std::string ledger_key() const {
    return bucket_keys(config.redis.prefix, bucket_of(bob.key())).ledger;
  }

  Subscription consent() const {
    return {.address = bob.key(),
            .scope = "global",
            .consented = *parse_time("2026-06-01T00:00:00Z"),
            .source = "form",
            .withdrawn = {},
            .engaged = {}};
  }

  std::string place() const { return server.address().text(); }

  TemporaryDirectory directory;
  RedisProcess server;
  StoreConfig config;
};

TEST_F(RedisLedgerTest, is_made_by_a_store_that_is_made_and_no_sooner) {
  EXPECT_EQ(open_ledger(config, soon()).error().text,
            place() +
                ": there is no suppression list \"icloud-milter\"; put its backup back if "
                "there was one, or make an empty one with icloud-milterctl store init");
  const MadeStore made = *make_store(config, soon());
  EXPECT_TRUE(made.list && made.ledger);
  EXPECT_TRUE(open_ledger(config, soon()));
  EXPECT_FALSE(*make_store(config, soon()));
}

TEST_F(RedisLedgerTest, is_made_beside_a_list_of_before_there_were_ledgers) {
  ASSERT_TRUE(open_book(config, Missing::make, soon()));
  EXPECT_EQ(open_ledger(config, soon()).error(),
            (Error{Code::config,
                   place() + ": there is no ledger of consent \"icloud-milter\"; put its backup "
                             "back if there was one, or make an empty one with icloud-milterctl "
                             "store init"}));
  const MadeStore made = *make_store(config, soon());
  EXPECT_FALSE(made.list) << "which is there and was not touched";
  EXPECT_TRUE(made.ledger);
  EXPECT_TRUE(open_ledger(config, soon()));
  server.stop();
  EXPECT_EQ(make_store(config, soon()).error(),
            (Error{Code::temporary, place() + ": cannot connect: Connection refused"}));
}

TEST_F(RedisLedgerTest, that_is_lost_is_an_error_and_no_empty_ledger) {
  ASSERT_TRUE(*make_store(config, soon()));
  const auto book = *open_ledger_book(config, Missing::refuse, soon());
  const auto ledger = *open_ledger(config, soon());
  ASSERT_EQ(*book->add(consent()), Outcome::added);
  server.ask({"DEL", ledger_key()});
  const Error lost{Code::temporary,
                   place() +
                       ": the ledger of consent \"icloud-milter\" is not there (any more); "
                       "was the server emptied, or does it keep nothing over a restart? Put "
                       "its backup back, or make an empty one with icloud-milterctl store "
                       "init"};
  EXPECT_EQ(ledger->find(bob, {}, soon()).error(), lost);
  EXPECT_EQ(book->of(bob.key()).error(), lost);
  EXPECT_EQ(book->add(consent()).error(), lost);
  EXPECT_FALSE(book->each({}, [](const Subscription&) {}));
}

TEST_F(RedisLedgerTest, whose_server_is_away_at_the_start_answers_when_it_is_there) {
  ASSERT_TRUE(*make_store(config, soon()));
  ASSERT_TRUE((*open_ledger_book(config, Missing::refuse, soon()))->add(consent()));
  server.ask({"SAVE"});
  server.stop();
  EXPECT_FALSE(open_ledger(config, soon()));
  const auto ledger = *open_ledger(config, soon(), {}, StandIn::allowed);
  EXPECT_EQ(ledger->find(bob, {}, soon()).error(),
            (Error{Code::temporary, place() + ": cannot connect: Connection refused"}));
  server.start();
  await("the ledger answers", [&] { return ledger->find(bob, {}, soon()).has_value(); });
  EXPECT_EQ(ledger->find(bob, {}, soon())->latest_consent, consent());
}

TEST_F(RedisLedgerTest, takes_the_word_of_a_deed_that_is_lost) {
  ASSERT_TRUE(*make_store(config, soon()));
  const auto book = *open_book(config, Missing::refuse, soon());
  const Suppression left{.address = bob.key(),
                         .scope = "global",
                         .reason = SuppressionReason::unsubscribe,
                         .source = "cli",
                         .note = {},
                         .created = *parse_time("2026-06-01T00:00:00Z"),
                         .expires = {}};
  const Deed deed{.kind = Deed::Kind::remove, .who = "alice", .at = left.created, .why = "asked"};
  ASSERT_TRUE(book->add(left, deed));
  ASSERT_TRUE(book->remove({.address = bob.key(), .scope = {}, .reason = {}}, deed));
  server.ask({"DEL", deeds_key(config.redis.prefix)});
  EXPECT_EQ((*open_ledger(config, soon()))->find(bob, {}, soon())->left, left.created);
}

TEST_F(RedisLedgerTest, that_is_damaged_is_an_error) {
  ASSERT_TRUE(*make_store(config, soon()));
  const auto ledger = *open_ledger(config, soon());
  for (const std::string rest :
       {"", "{}", "[]", "{\"consented\":\"x\"}", "{\"source\":1}", "{\"engaged\":1.5}"}) {
    std::string member = bob.key() + '\0' + rest;
    if (!rest.empty() && rest != "{}")
      member.insert(bob.key().size() + 1, std::string("global\0", 7));
    server.ask({"ZADD", ledger_key(), "0", member});
    const auto found = ledger->find(bob, {}, soon());
    ASSERT_FALSE(found) << rest;
    EXPECT_EQ(found.error().code, Code::permanent);
    EXPECT_TRUE(found.error().text.starts_with(
        place() + ": expected a subscription of the ledger, found \"bob@"))
        << found.error().text;
    server.ask({"ZREM", ledger_key(), member});
  }
  EXPECT_TRUE(ledger->find(bob, {}, soon()));
}

}  // namespace
}  // namespace icm
