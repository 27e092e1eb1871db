// SPDX-License-Identifier: Apache-2.0
//
// What becomes of the list when Redis fails: what was acknowledged is kept, and a server that knows
// nothing is never taken for a list without entries.
#include <latch>
#include <thread>

#include <gtest/gtest.h>

#include "policy/store/redis_book.h"
#include "policy/store/redis_list.h"
#include "policy/store/redis_source.h"
#include "test/support/hostile_redis.h"
#include "test/support/redis_process.h"
#include "test/support/suppression_entries.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;

constexpr auto durable = "appendonly yes\nappendfsync always\n";

Deadline soon() { return Deadline::in(60s); }

RedisOptions options_of(const RedisAddress& address) {
  RedisOptions options = patient_options();
  options.servers = {address};
  return options;
}

std::unique_ptr<SuppressionSource> source_of(const RedisOptions& options) {
  static const TemporaryDirectory directory;
  return *RedisSource::make(options, directory.path() / "store.db");
}

Result<std::vector<Suppression>> find(const SuppressionList& list, std::string_view address,
                                      Deadline deadline = soon()) {
  return list.find(*Mailbox::parse(address), {}, true, now, deadline);
}

// Stops a server in the midst of what comes behind so many acknowledgements.
class KillerAfter {
 public:
  KillerAfter(RedisProcess& server, int acknowledgements)
      : left_(acknowledgements), is_time_(1), thread_([this, &server] {
          is_time_.wait();
          server.stop();
        }) {}
  void count() {
    if (--left_ == 0) is_time_.count_down();
  }
  bool is_let() const { return left_ <= 0; }
  void join() {
    if (!is_let()) is_time_.count_down();  // else it would wait for ever
    thread_.join();
  }

 private:
  int left_;
  std::latch is_time_;
  std::thread thread_;
};

TEST(RedisFaults, what_was_acknowledged_is_there_after_the_server_was_killed) {
  RedisProcess server(durable);
  const RedisOptions options = options_of(server.address());
  auto book = *RedisSuppressionBook::open(options, Missing::make, soon());
  std::vector<std::string> acknowledged;
  KillerAfter killer(server, 20);
  for (int i = 0; i < 100000; ++i) {
    const std::string address = fmt::format("user{}@icloud.com", i);
    if (!book->add(entry(address), deed())) break;
    acknowledged.push_back(address);
    killer.count();
  }
  killer.join();
  ASSERT_TRUE(killer.is_let());
  server.start();
  const auto list = *RedisSuppressionList::open(options, Missing::make, soon());
  ASSERT_FALSE(acknowledged.empty());
  for (const std::string& address : acknowledged) {
    const auto found = find(*list, address);
    ASSERT_TRUE(found) << found.error().text;
    ASSERT_EQ(found->size(), 1u) << address;
  }
}

TEST(RedisFaults, a_server_that_stopped_is_an_error_and_heals_when_it_is_back) {
  RedisProcess server(durable);
  const auto list =
      *RedisSuppressionList::open(options_of(server.address()), Missing::make, soon());
  ASSERT_TRUE(find(*list, "bob@icloud.com"));
  server.stop();
  EXPECT_EQ(
      find(*list, "bob@icloud.com").error(),
      (Error{Code::temporary, server.address().text() + ": cannot connect: Connection refused"}));
  server.start();
  await("the list answers again", [&] { return find(*list, "bob@icloud.com").has_value(); });
}

TEST(RedisFaults, a_server_that_lost_the_list_is_an_error_and_no_empty_list) {
  RedisProcess server;  // keeps nothing
  const RedisOptions options = options_of(server.address());
  const auto list = *RedisSuppressionList::open(options, Missing::make, soon());
  auto book = *RedisSuppressionBook::open(options, Missing::make, soon());
  const auto source = source_of(options);
  ASSERT_TRUE(book->add(entry("bob@icloud.com"), deed()));
  server.stop();
  server.start();
  const Error lost{Code::temporary,
                   server.address().text() +
                       ": the suppression list \"icloud-milter\" is not there (any more); was the "
                       "server emptied, or does it keep nothing over a restart? Put its backup "
                       "back, or make an empty one with icloud-milterctl store init"};
  EXPECT_EQ(find(*list, "bob@icloud.com").error(), lost);
  EXPECT_EQ(book->add(entry("eve@icloud.com"), deed()).error(), lost);
  EXPECT_EQ(source->look(soon()).error(), lost);
  EXPECT_EQ(source->each([](const SourceEntry&) { return true; }).error(), lost);
  EXPECT_EQ(book->each({}, now, [](const Suppression&) {}).error(), lost);
}

TEST(RedisFaults, a_list_that_is_lost_while_it_is_read_is_no_short_list) {
  const RedisProcess server;
  const RedisOptions options = options_of(server.address());
  auto book = *RedisSuppressionBook::open(options, Missing::make, soon());
  for (const char* address : {"ann@icloud.com", "bob@icloud.com", "eve@icloud.com"}) {
    ASSERT_TRUE(book->add(entry(address), deed()));
  }
  const Status lost = book->each({}, now, [&](const Suppression&) { server.ask({"FLUSHALL"}); });
  ASSERT_FALSE(lost);
  EXPECT_TRUE(lost.error().text.find("is not there (any more)") != std::string::npos)
      << lost.error().text;
  book = *RedisSuppressionBook::open(options, Missing::make, soon());
  ASSERT_TRUE(book->add(entry("ann@icloud.com"), deed()));
  const Status replaced = book->each({}, now, [&](const Suppression&) {
    server.ask({"FLUSHALL"});
    ASSERT_TRUE(RedisSuppressionBook::open(options, Missing::make, soon()));
  });
  EXPECT_EQ(replaced.error(),
            (Error{Code::temporary, server.address().text() +
                                        ": the suppression list was replaced while it was read"}));
}

TEST(RedisFaults, a_change_that_is_asked_twice_since_its_answer_was_lost_was_made) {
  const RedisProcess server;
  const RedisShelf shelf(options_of(server.address()));
  ASSERT_TRUE(shelf.open(Missing::make, soon()));
  AddressChange add{
      .address = "bob@icloud.com",
      .standing = {},
      .next = {{.entry = entry("bob@icloud.com"), .added_by = 1, .ended_by = 0, .stored = {}}},
      .ended = {},
      .forgets_past = false};
  EXPECT_EQ(*shelf.change({add}, soon()), std::vector<bool>{true});
  EXPECT_EQ(*shelf.change({add}, soon()), std::vector<bool>{true});
  add.next[0].added_by = 2;
  EXPECT_EQ(*shelf.change({add}, soon()), std::vector<bool>{false}) << "another one's deed";
  const auto standing = *shelf.standing({"bob@icloud.com"}, soon());
  AddressChange remove{.address = "bob@icloud.com",
                       .standing = standing[0],
                       .next = {},
                       .ended = standing[0],
                       .forgets_past = false};
  remove.ended[0].ended_by = 3;
  EXPECT_EQ(*shelf.change({remove}, soon()), std::vector<bool>{true});
  EXPECT_EQ(*shelf.change({remove}, soon()), std::vector<bool>{true});
  remove.ended[0].ended_by = 4;
  EXPECT_EQ(*shelf.change({remove}, soon()), std::vector<bool>{false}) << "another one's deed";
}

TEST(RedisFaults, a_list_that_was_put_back_to_an_earlier_day_is_read_anew) {
  RedisProcess server;
  const RedisOptions options = options_of(server.address());
  const auto source = source_of(options);
  auto book = *RedisSuppressionBook::open(options, Missing::make, soon());
  const BucketKeys keys = bucket_keys(options.prefix, bucket_of("bob@icloud.com"));
  const RedisReply backup = server.ask({"DUMP", keys.log});
  ASSERT_TRUE(book->add(entry("bob@icloud.com"), deed()));
  const auto cursor = source->each([](const SourceEntry&) { return true; });
  server.ask({"RESTORE", keys.log, "0", backup.text, "REPLACE"});
  EXPECT_EQ(
      *source->changes(
          *cursor, 1000, [](std::string_view) {}, [](const SourceEntry&) { return true; }, soon()),
      std::nullopt);
}

TEST(RedisFaults, a_server_that_stands_still_costs_no_more_than_the_deadline) {
  RedisProcess server;
  const auto list =
      *RedisSuppressionList::open(options_of(server.address()), Missing::make, soon());
  server.freeze();
  EXPECT_EQ(find(*list, "bob@icloud.com", Deadline::in(150ms)).error(),
            (Error{Code::temporary, server.address().text() + ": no answer in time"}));
  server.thaw();
  await("the list answers again", [&] { return find(*list, "bob@icloud.com").has_value(); });
}

TEST(RedisFaults, a_full_server_takes_nothing_says_so_and_still_answers) {
  RedisProcess server("maxmemory-policy noeviction\n");
  const RedisOptions options = options_of(server.address());
  auto book = *RedisSuppressionBook::open(options, Missing::make, soon());
  ASSERT_TRUE(book->add(entry("bob@icloud.com"), deed()));
  server.ask({"CONFIG", "SET", "maxmemory", "1"});
  const auto outcome = book->add(entry("eve@icloud.com"), deed());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::temporary);
  EXPECT_TRUE(outcome.error().text.starts_with(server.address().text() + ": \"OOM "))
      << outcome.error().text;
  server.ask({"CONFIG", "SET", "maxmemory", "0"});
  const auto list = *RedisSuppressionList::open(options, Missing::make, soon());
  EXPECT_EQ(find(*list, "bob@icloud.com")->size(), 1u);
  EXPECT_EQ(find(*list, "eve@icloud.com")->size(), 0u);
}

TEST(RedisFaults, a_full_server_still_answers_lookups) {
  RedisProcess server("maxmemory-policy noeviction\n");
  const RedisOptions options = options_of(server.address());
  const auto list = *RedisSuppressionList::open(options, Missing::make, soon());
  auto book = *RedisSuppressionBook::open(options, Missing::make, soon());
  ASSERT_TRUE(book->add(entry("bob@icloud.com"), deed()));
  server.ask({"CONFIG", "SET", "maxmemory", "1"});
  const auto found = find(*list, "bob@icloud.com");
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->size(), 1u);
}

TEST(RedisFaults, a_read_only_replica_takes_nothing_and_says_so) {
  const RedisProcess master;
  ASSERT_TRUE(RedisSuppressionBook::open(options_of(master.address()), Missing::make, soon()));
  const RedisProcess replica(
      fmt::format("replicaof 127.0.0.1 {}\nrepl-diskless-sync-delay 0\n", master.port()));
  await("the replica is in step", [&] {
    return replica.ask({"INFO", "replication"}).text.find("master_link_status:up") !=
           std::string::npos;
  });
  auto book = *RedisSuppressionBook::open(options_of(replica.address()), Missing::refuse, soon());
  const auto outcome = book->add(entry("bob@icloud.com"), deed());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::temporary);
  EXPECT_TRUE(outcome.error().text.starts_with(replica.address().text() + ": \"READONLY "))
      << outcome.error().text;
}

TEST(RedisFaults, damaged_entries_are_an_error) {
  const RedisProcess server;
  const RedisOptions options = options_of(server.address());
  const auto list = *RedisSuppressionList::open(options, Missing::make, soon());
  const BucketKeys keys = bucket_keys(options.prefix, bucket_of("bob@icloud.com"));
  for (const std::string_view rest :
       {"", "global", "global\x01unsubscribe\x01", "global\x01unsubscribe\x01{}",
        "global\x01unsubscribe\x01[]", "global\x01none\x01{\"created\":1}",
        "global\x01unsubscribe\x01{\"created\":\"x\"}",
        "global\x01unsubscribe\x01{\"created\":1,\"note\":5}",
        "global\x01unsubscribe\x01{\"created\":1,\"evidence\":[]}"}) {
    std::string member = std::string("bob@icloud.com") + '\x01' + std::string(rest);
    for (char& c : member) c = c == '\x01' ? '\0' : c;
    server.ask({"ZADD", keys.entries, "0", member});
    const auto found = find(*list, "bob@icloud.com");
    ASSERT_FALSE(found) << rest;
    EXPECT_EQ(found.error().code, Code::permanent);
    EXPECT_TRUE(found.error().text.starts_with(
        server.address().text() + ": expected an entry of the suppression list, found \"bob@"))
        << found.error().text;
    server.ask({"ZREM", keys.entries, member});
  }
  EXPECT_TRUE(find(*list, "bob@icloud.com"));
}

TEST(RedisFaults, a_list_of_another_version_is_left_alone) {
  const RedisProcess server;
  const RedisOptions options = options_of(server.address());
  ASSERT_TRUE(RedisSuppressionList::open(options, Missing::make, soon()));
  const BucketKeys keys = bucket_keys(options.prefix, 0);
  server.ask({"DEL", keys.entries});
  server.ask({"ZADD", keys.entries, "0",
              "\x01"
              "2:abc"});
  EXPECT_EQ(RedisSuppressionList::open(options, Missing::make, soon()).error(),
            (Error{Code::config,
                   server.address().text() +
                       ": expected a suppression list of version 1, found \"\\x012:abc\""}));
}

TEST(RedisFaults, what_was_acknowledged_survives_a_failover) {
  SentinelTrio trio;
  const RedisOptions options = trio.options();
  auto book = *RedisSuppressionBook::open(options, Missing::make, soon());
  const auto list = *RedisSuppressionList::open(options, Missing::make, soon());
  std::vector<std::string> acknowledged;
  trio.allow_failover();
  const Deadline end = soon();
  KillerAfter killer(*trio.master, 20);
  for (int i = 0; i < 100000; ++i) {
    const std::string address = fmt::format("user{}@icloud.com", i);
    if (!book->add(entry(address), deed())) {
      if (killer.is_let() || end.passed()) break;
      continue;  // a replica that was too slow for once
    }
    acknowledged.push_back(address);
    killer.count();
  }
  killer.join();
  ASSERT_TRUE(killer.is_let());
  await("the replica has taken over",
        [&] { return find(*list, "after@icloud.com", Deadline::in(3s)).has_value(); });
  EXPECT_EQ(trio.replica->ask({"ROLE"}).items[0].text, "master");
  for (const std::string& address : acknowledged) {
    const auto found = find(*list, address);
    ASSERT_TRUE(found) << found.error().text;
    ASSERT_EQ(found->size(), 1u) << address;
  }
}

TEST(RedisFaults, without_a_replica_nothing_is_acknowledged_with_sentinels) {
  SentinelTrio trio;
  auto book = *RedisSuppressionBook::open(trio.options(), Missing::make, soon());
  trio.replica->stop();
  EXPECT_EQ(book->add(entry("bob@icloud.com"), deed()).error(),
            (Error{Code::temporary,
                   trio.master->address().text() +
                       ": the change is on the master alone: no replica has it within 500ms"}));
}

TEST(RedisFaults, two_hosts_see_each_others_entries) {
  const RedisProcess server;
  const RedisOptions options = options_of(server.address());
  const auto here = *RedisSuppressionList::open(options, Missing::make, soon());
  const auto source_here = source_of(options);
  auto there = *RedisSuppressionBook::open(options, Missing::make, soon());
  const auto cursor = *source_here->each([](const SourceEntry&) { return true; });
  ASSERT_TRUE(source_here->look(soon()));
  const auto before = source_here->generation();
  ASSERT_TRUE(there->add(entry("bob@icloud.com"), deed()));
  EXPECT_EQ(find(*here, "bob@icloud.com")->size(), 1u);
  EXPECT_EQ(*source_here->look(soon()), SuppressionSource::Seen::changed);
  EXPECT_NE(source_here->generation(), before);
  std::vector<std::string> changed;
  ASSERT_TRUE(source_here->changes(
      cursor, 1000, [&](std::string_view key) { changed.emplace_back(key); },
      [](const SourceEntry&) { return true; }, soon()));
  EXPECT_EQ(changed, std::vector<std::string>{"bob@icloud.com"});
}

}  // namespace
}  // namespace icm
