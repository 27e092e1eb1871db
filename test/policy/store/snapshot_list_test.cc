// SPDX-License-Identifier: Apache-2.0
#include "policy/store/snapshot_list.h"

#include <atomic>
#include <fstream>
#include <functional>
#include <random>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

#include "test/support/memory_suppression_list.h"
#include "test/support/snapshot_list_fixture.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;
using Away = SnapshotSuppressionList::WhileAway;

const Error stands_still{Code::temporary, "the disk stands still"};

using SnapshotListTest = SnapshotListFixture;

TEST_F(SnapshotListTest, answers_that_there_is_nothing_without_the_store_and_asks_it_for_evidence) {
  add(entry("bob@icloud.com"));
  SnapshotKeeper::Means given = means();
  auto broken = std::make_unique<MemorySuppressionList>();
  broken->error = stands_still;
  given.list = std::move(broken);
  start(std::move(given), Away::error);
  wait_for_current();
  EXPECT_EQ(found("eve@icloud.com"), Words{});
  EXPECT_EQ(found("bob@icloud.com"), Words{"the disk stands still"});
}

TEST_F(SnapshotListTest, asks_the_store_until_it_is_begun_and_after_it_has_ended) {
  list = std::make_unique<SnapshotSuppressionList>(means(), Away::error);
  add(entry("bob@icloud.com"));
  EXPECT_EQ(found("bob@icloud.com"), Words{"bob@icloud.com global unsubscribe"});
  EXPECT_FALSE(list->state().is_ready);
  list->begin([](const StoreNotice&) {});
  wait_for_current();
  EXPECT_TRUE(list->state().is_ready);
  list->end();
  EXPECT_FALSE(list->state().is_ready);
  add(entry("eve@icloud.com"));
  EXPECT_EQ(found("eve@icloud.com"), Words{"eve@icloud.com global unsubscribe"});
}

// Another process that writes what it is told to, as icloud-milterctl does. Forked before any
// thread is started, since a fork takes over locks that other threads hold.
class OtherProcess {
 public:
  explicit OtherProcess(const std::function<void(const std::string&)>& deed) {
    if (::pipe(orders_) != 0 || ::pipe(answers_) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::close(orders_[1]);
    char line[64] = {};
    while (::read(orders_[0], line, sizeof line) == sizeof line) {
      deed(line);
      if (::write(answers_[1], "", 1) != 1) break;
    }
    ::_exit(0);
  }
  ~OtherProcess() {
    ::close(orders_[1]);
    ::waitpid(pid_, nullptr, 0);
    for (const int end : {orders_[0], answers_[0], answers_[1]}) ::close(end);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  // Returns when it is done.
  void run(std::string order) {
    order.resize(64);
    char answer = 0;
    ASSERT_EQ(::write(orders_[1], order.data(), order.size()), 64);
    ASSERT_EQ(::read(answers_[0], &answer, 1), 1);
  }

 private:
  int orders_[2] = {};
  int answers_[2] = {};
  pid_t pid_ = -1;
};

// No wait between the writer's end and the lookup.
TEST_F(SnapshotListTest, knows_a_change_of_another_process_with_the_next_lookup) {
  OtherProcess other([this](const std::string& order) {
    if (order[0] == '-') return remove(order.substr(1));
    add(entry(order));
  });
  start();
  wait_for_current();
  for (int i = 0; i < 10; ++i) {
    const std::string address = fmt::format("a{}@icloud.com", i);
    EXPECT_EQ(found(address), Words{});
    other.run(address);
    EXPECT_EQ(found(address), Words{address + " global unsubscribe"});
    if (i % 2 == 0) continue;
    other.run("-" + address);
    EXPECT_EQ(found(address), Words{});
  }
  wait_for_current();
  EXPECT_EQ(found("a8@icloud.com"), Words{"a8@icloud.com global unsubscribe"});
  EXPECT_EQ(found("a9@icloud.com"), Words{});
  list.reset();
}

TEST_F(SnapshotListTest, knows_an_import_with_the_next_lookup) {
  start();
  wait_for_current();
  import(25000);  // more than the log of changes names
  EXPECT_EQ(found("a24999@icloud.com"), Words{"a24999@icloud.com global unsubscribe"});
  wait_for([&] { return list->state().entries == 25000; });
  EXPECT_EQ(found("a24999@icloud.com"), Words{"a24999@icloud.com global unsubscribe"});
}

// The store's own list is the truth, whatever the snapshot is about to do.
TEST_F(SnapshotListTest, gives_the_answers_of_the_store_through_hundreds_of_changes) {
  SnapshotKeeper::Means given = means();
  given.most_recent = 20;  // put together often
  start(std::move(given));
  const auto truth = *SqliteSuppressionList::open(path, Missing::make, Deadline::in(60s));
  const auto writer = book();
  const std::vector<std::string> scopes = {"stream:news", "list:w.shop.example", "global"};
  std::mt19937 random(7);
  const auto any_address = [&] {
    const char* domains[] = {"icloud.com", "me.com", "mac.com", "privaterelay.appleid.com"};
    return fmt::format("a{}@{}", random() % 40, domains[random() % 4]);
  };
  for (int i = 0; i < 300; ++i) {
    const std::string address = any_address();
    if (random() % 3 == 0) {
      ASSERT_TRUE(writer->remove({.address = address, .scope = {}, .reason = {}},
                                 deed(Deed::Kind::remove, "because")));
    } else {
      const SuppressionReason reason =
          all_suppression_reasons[random() % std::size(all_suppression_reasons)];
      const bool is_global = reason == SuppressionReason::erasure ||
                             reason == SuppressionReason::hard_bounce ||
                             reason == SuppressionReason::relay_off;
      Suppression one = entry(address, reason, is_global ? "global" : scopes[random() % 3]);
      if (reason == SuppressionReason::manual && random() % 2 == 0)
        one.expires = now - 1h + std::chrono::minutes(random() % 120);
      ASSERT_TRUE(writer->add(one, deed()));
    }
    if (i % 20 == 19) wait_for_current();
    for (int ask = 0; ask < 10; ++ask) {
      const Mailbox mailbox = *Mailbox::parse(any_address());
      const std::vector<std::string> asked(scopes.begin(), scopes.begin() + random() % 3);
      const bool siblings = random() % 2 == 0;
      ASSERT_EQ(list->find(mailbox, asked, siblings, now, Deadline::in(60s)),
                truth->find(mailbox, asked, siblings, now, Deadline::in(60s)));
    }
  }
}

TEST_F(SnapshotListTest, answers_from_memory_while_the_store_is_gone_and_says_so_once) {
  add(entry("bob@icloud.com", SuppressionReason::complaint));
  add(entry("eve@icloud.com", SuppressionReason::unsubscribe, "stream:news"));
  add(entry("joe@icloud.com", SuppressionReason::suspended));
  start();
  wait_for_current();
  std::filesystem::rename(path, path + ".away");
  wait_for_notice("warning: suppression list: the store is away");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(found("bob@me.com"), Words{"bob@icloud.com global complaint (memory)"});
    EXPECT_EQ(found("eve@icloud.com"), Words{});
    EXPECT_EQ(found("eve@icloud.com", {"stream:news"}),
              Words{"eve@icloud.com stream:news unsubscribe (memory)"});
    EXPECT_EQ(found("joe@icloud.com", {}, now + 24h * 30 - 1s),
              Words{"joe@icloud.com global suspended (memory)"});
    EXPECT_EQ(found("joe@icloud.com", {}, now + 24h * 30), Words{});
  }
  EXPECT_EQ(list->state().away,
            path + ": the store is not there any more: No such file or directory");
  std::filesystem::rename(path + ".away", path);
  wait_for_notice("info: suppression list: the store answers again");
  EXPECT_EQ(found("bob@icloud.com"), Words{"bob@icloud.com global complaint"});
  EXPECT_EQ(list->state().away, "");
  EXPECT_EQ(said(),
            (Words{"info: suppression list: 3 entries in memory (0.0 MiB), read from the store",
                   "warning: suppression list: the store is away: " + path +
                       ": the store is not there any more: No such file or directory; what is in "
                       "memory of the list answers",
                   "info: suppression list: the store answers again"}));
}

TEST_F(SnapshotListTest, has_no_answer_while_the_store_is_gone_where_that_is_wanted) {
  add(entry("bob@icloud.com"));
  start(Away::error);
  wait_for_current();
  std::filesystem::rename(path, path + ".away");
  wait_for_notice("warning: suppression list: the store is away");
  const std::string gone = path + ": the store is not there any more: No such file or directory";
  EXPECT_EQ(found("bob@icloud.com"), Words{gone});
  EXPECT_EQ(found("eve@icloud.com"), Words{gone});
}

TEST_F(SnapshotListTest, answers_from_memory_when_the_store_is_damaged_until_it_is_mended) {
  import(2000);
  start();
  wait_for_current();
  list->end();
  ASSERT_TRUE(
      Database::open(path, Database::Access::write)->execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  const std::string good = path + ".good";
  std::filesystem::copy_file(path, good);
  {
    std::fstream store(path, std::ios::binary | std::ios::in | std::ios::out);
    store.seekp(5 * 4096);
    const std::string noise(static_cast<std::size_t>(std::filesystem::file_size(path)) - 5 * 4096,
                            '\xa5');
    store << noise;
  }
  start();
  wait_for([&] { return list->state().entries == 2000; });
  EXPECT_EQ(found("a1999@icloud.com"), Words{"a1999@icloud.com global unsubscribe (memory)"});
  EXPECT_EQ(found("b@icloud.com"), Words{});
  EXPECT_EQ(list->state().away.substr(0, path.size() + 22), path + ": the store is damaged");
  std::filesystem::rename(good, path);
  wait_for_notice("info: suppression list: the store answers again");
  EXPECT_EQ(found("a1999@icloud.com"), Words{"a1999@icloud.com global unsubscribe"});
}

TEST_F(SnapshotListTest, waits_for_no_lock_once_it_knows_that_the_store_is_locked) {
  add(entry("bob@icloud.com"));
  SnapshotKeeper::Means given = means();
  auto locked = std::make_unique<MemorySuppressionList>();
  locked->error = stands_still;
  given.list = std::move(locked);
  start(std::move(given));
  wait_for_current();
  EXPECT_EQ(found("bob@icloud.com"), Words{"bob@icloud.com global unsubscribe (memory)"});
  wait_for_notice("info: suppression list: the store answers again");
  EXPECT_TRUE(
      has_notice("warning: suppression list: the store is away: the disk stands still; what is in "
                 "memory of the list answers"));
}

// Hands the entries of a store over, and ends only when it is let.
class HeldSource final : public SuppressionSource {
 public:
  HeldSource(std::unique_ptr<SuppressionSource> source, std::atomic<bool>& is_held)
      : source_(std::move(source)), is_held_(is_held) {}
  std::uint64_t generation() const override { return source_->generation(); }
  Result<std::string> each(const Visit& visit) override {
    auto cursor = source_->each(visit);
    is_held_.wait(true);
    return cursor;
  }
  Result<std::optional<std::string>> changes(const std::string& cursor, std::size_t most,
                                             const Begin& begin, const Visit& visit,
                                             Deadline deadline) override {
    return source_->changes(cursor, most, begin, visit, deadline);
  }
  Result<Seen> look(Deadline deadline) override { return source_->look(deadline); }

 private:
  const std::unique_ptr<SuppressionSource> source_;
  std::atomic<bool>& is_held_;
};

TEST_F(SnapshotListTest, asks_the_store_again_after_a_failure_while_all_of_it_is_read) {
  std::atomic<bool> is_held = false;
  SnapshotKeeper::Means given = means();
  given.most_recent = 3;
  given.source = std::make_unique<HeldSource>(std::move(given.source), is_held);
  auto memory = std::make_unique<MemorySuppressionList>();
  MemorySuppressionList& store = *memory;
  given.list = std::move(memory);
  start(std::move(given));
  wait_for_current();

  is_held = true;
  import(10);
  store.entries = {entry("a1@icloud.com")};
  store.error = stands_still;
  EXPECT_EQ(found("a1@icloud.com"), Words{});  // as it was last seen: the store did not answer
  store.error = {};
  wait_for([&] { return found("a1@icloud.com") == Words{"a1@icloud.com global unsubscribe"}; });
  wait_for_notice("info: suppression list: the store answers again");
  EXPECT_FALSE(list->is_current());
  is_held = false;
  is_held.notify_all();
  wait_for_current();
}

TEST_F(SnapshotListTest, answers_many_threads_rightly_while_it_is_swapped_under_them) {
  add(entry("always@icloud.com"));
  SnapshotKeeper::Means given = means();
  given.most_recent = 3;
  start(std::move(given));
  std::atomic<bool> is_over = false;
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!is_over) {
        if (found("always@icloud.com") != Words{"always@icloud.com global unsubscribe"}) ++wrong;
        if (!found("never@icloud.com").empty()) ++wrong;
      }
    });
  }
  const auto writer = book();
  for (int i = 0; i < 60; ++i) {
    const std::string address = fmt::format("a{}@icloud.com", i);
    ASSERT_TRUE(writer->add(entry(address), deed()));
    ASSERT_EQ(found(address), Words{address + " global unsubscribe"});
  }
  is_over = true;
  readers.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace icm
