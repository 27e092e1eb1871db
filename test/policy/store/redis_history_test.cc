// SPDX-License-Identifier: Apache-2.0
//
// What Redis holds beside the entries: deeds with their causes, the logs that are followed, pauses.
#include <functional>
#include <future>

#include <gtest/gtest.h>

#include "policy/store/redis_backoff.h"
#include "policy/store/redis_book.h"
#include "policy/store/redis_source.h"
#include "test/support/redis_process.h"
#include "test/support/suppression_entries.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;

Deadline soon() { return Deadline::in(60s); }

class RedisHistory : public testing::Test {
 protected:
  RedisHistory() { options.servers = {server.address()}; }

  std::unique_ptr<SuppressionBook> book() {
    return *RedisSuppressionBook::open(options, Missing::make, soon());
  }

  void import(const std::vector<Suppression>& some) {
    auto job = *book()->begin_import();
    for (const Suppression& one : some) ASSERT_TRUE(job->stage(one));
    ASSERT_TRUE(job->commit(deed(Deed::Kind::import), soon(), [](auto) {}));
  }

  bool is_said(const std::string& word) {
    const RedisReply deeds = server.ask({"HVALS", deeds_key(options.prefix)});
    return std::ranges::any_of(deeds.items, [&](const RedisReply& one) {
      return one.text.find(word) != std::string::npos;
    });
  }

  RedisProcess server;
  RedisOptions options = patient_options();
};

TEST_F(RedisHistory, of_who_asks_to_be_forgotten_keeps_no_cause_whichever_way_he_asks) {
  const auto phones = [&] {
    ASSERT_TRUE(book()->add(entry("eve@icloud.com"), deed()));
    ASSERT_TRUE(book()->remove({.address = "eve@icloud.com", .scope = {}, .reason = {}},
                               deed(Deed::Kind::remove, "Eve Miller phoned")));
    ASSERT_TRUE(is_said("Miller"));
  };
  const Suppression erasure = entry("eve@icloud.com", SuppressionReason::erasure);
  phones();
  import({erasure});
  EXPECT_FALSE(is_said("Miller"));
  ASSERT_TRUE(book()->remove({.address = "eve@icloud.com", .scope = {}, .reason = {}},
                             deed(Deed::Kind::remove, "she is back")));
  phones();
  ASSERT_TRUE(book()->add(erasure, deed()));
  EXPECT_FALSE(is_said("Miller"));
}

TEST_F(RedisHistory, is_not_filled_by_who_says_the_same_all_day) {
  const auto writer = book();
  Suppression again = entry("bob@icloud.com");
  const auto add = [&] {
    EXPECT_TRUE(writer->add(again, deed()));
    again.created += 1min;
  };
  const BucketKeys keys = bucket_keys(options.prefix, bucket_of(again.address));
  const auto sizes = [&] {
    return std::vector<std::int64_t>{server.ask({"HLEN", deeds_key(options.prefix)}).number,
                                     server.ask({"XLEN", keys.log}).number,
                                     server.ask({"ZCARD", keys.entries}).number,
                                     server.ask({"ZCARD", keys.past}).number};
  };
  add();
  add();
  const auto before = sizes();
  for (int i = 0; i < 20; ++i) add();
  EXPECT_EQ(sizes(), before);
  EXPECT_EQ((*writer->standing({again.address}))[0].entry.confirmed, again.created - 1min);
  again.created += 1h;
  add();
  EXPECT_EQ(sizes()[0], before[0] + 1) << "an hour later it is a deed of its own";
}

TEST_F(RedisHistory, is_followed_in_all_buckets_with_a_few_questions) {
  book();
  const TemporaryDirectory directory;
  const auto source = *RedisSource::make(options, directory.path() / "store.db");
  const auto cursor = *source->each([](const SourceEntry&) { return true; });
  std::vector<Suppression> some;
  for (int i = 0; i < 400; ++i) some.push_back(entry(fmt::format("a{}@icloud.com", i)));
  import(some);
  const auto reads = [&] {
    const std::string stats = server.ask({"INFO", "stats"}).text;
    return std::stoll(stats.substr(stats.find("total_reads_processed:") + 22));
  };
  const auto changes = [&](std::size_t most, int& changed) {
    return *source->changes(
        cursor, most, [&](std::string_view) { ++changed; }, [](const SourceEntry&) { return true; },
        soon());
  };
  int changed = 0;
  const auto before = reads();
  EXPECT_NE(changes(400, changed), std::nullopt);
  EXPECT_LT(reads() - before, 40) << "each of them may take 20ms";
  EXPECT_EQ(changed, 400);
  EXPECT_EQ(changes(399, changed), std::nullopt);
}

TEST_F(RedisHistory, is_not_acknowledged_with_sentinels_before_a_replica_has_it) {
  const RedisProcess sentinel(fmt::format("sentinel monitor mail 127.0.0.1 {} 1\n", server.port()),
                              RedisProcess::Kind::sentinel);
  options.mode = RedisOptions::Mode::sentinel;
  options.master_name = "mail";
  options.servers = {sentinel.address()};
  const RedisShelf shelf(options);
  RedisBackoffBook backoffs(std::make_shared<RedisClient>(options), options.prefix);
  const Backoff pause{.subject = "all", .since = now, .until = {}, .by = {}, .why = {}};
  const auto status_of = [](const auto& result) {
    return result ? Status() : Status(tl::make_unexpected(result.error()));
  };
  const std::function<Status()> changes[] = {
      [&] { return status_of(shelf.record(deed(), soon())); },
      [&] {
        return shelf.write_again(1, {deed(), {}}, soon());
      },
      [&] { return shelf.withdraw(1, soon()); },
      [&] { return backoffs.put(pause, soon()); },
      [&] { return status_of(backoffs.remove(BackoffKind::pause, "all", soon())); },
  };
  std::vector<std::future<Status>> made;
  for (const auto& change : changes) made.push_back(std::async(std::launch::async, change));
  for (std::future<Status>& one : made) {
    const Status status = one.get();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error(),
              (Error{Code::temporary,
                     server.address().text() +
                         ": the change is on the master alone: no replica has it within 500ms"}));
  }
}

}  // namespace
}  // namespace icm
