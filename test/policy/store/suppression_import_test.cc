// SPDX-License-Identifier: Apache-2.0
#include "policy/store/suppression_import.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "policy/store/sqlite_store.h"
#include "policy/store/store_file.h"
#include "policy/store/suppression_records.h"
#include "policy/store/suppression_writer.h"
#include "test/support/child_process.h"
#include "test/support/suppression_entries.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;

std::string address(int i) { return fmt::format("u{}@icloud.com", i); }

void ignore_progress(std::uint64_t) {}

class SuppressionImportTest : public testing::Test {
 protected:
  SuppressionImport import() {
    make_store();
    auto opened = SuppressionImport::open(path, Deadline::in(60s));
    EXPECT_TRUE(opened) << opened.error().text;
    return *std::move(opened);
  }

  Result<ImportCount> import_all(const std::vector<Suppression>& entries) {
    make_store();
    ICM_TRY(SuppressionImport job, SuppressionImport::open(path, Deadline::in(60s)));
    for (const Suppression& one : entries) ICM_CHECK(job.stage(one));
    return job.commit(by, Deadline::in(60s), ignore_progress);
  }

  // Where there is none.
  void make_store() const {
    EXPECT_TRUE(open_store(path, Database::Access::write, Missing::make, Deadline::in(60s)));
  }

  // Entries in force, in the order of the list.
  std::vector<Suppression> all() {
    std::vector<Suppression> entries;
    auto records = SuppressionRecords::open(path, Missing::refuse, Deadline::in(60s));
    EXPECT_TRUE(records) << records.error().text;
    EXPECT_TRUE(records->each({}, now, [&](const Suppression& one) { entries.push_back(one); }));
    return entries;
  }

  std::vector<Suppression> many(int count) {
    std::vector<Suppression> entries;
    for (int i = 0; i < count; ++i) entries.push_back(entry(address(i)));
    return entries;
  }

  const Deed by{Deed::Kind::import, "ann", now, ""};
  TemporaryDirectory directory;
  std::string path = directory.path() / "store.db";
};

TEST_F(SuppressionImportTest, takes_entries_in_any_order_and_counts_them) {
  const auto count = import_all({entry("c@me.com"), entry("a@me.com"), entry("b@me.com")});
  ASSERT_TRUE(count) << count.error().text;
  EXPECT_EQ(*count, (ImportCount{.import = 1, .added = 3, .changed = 0, .unchanged = 0}));
  EXPECT_EQ(all(), (std::vector{entry("a@me.com"), entry("b@me.com"), entry("c@me.com")}));
}

TEST_F(SuppressionImportTest, merges_with_what_is_there_and_within_itself) {
  ASSERT_TRUE(import_all({entry("a@me.com"), entry("b@me.com")}));
  Suppression earlier = entry("a@me.com");
  earlier.created = now - 1h;
  Suppression later = entry("c@me.com");
  later.created = now + 1h;
  later.source = "second";
  const auto count = import_all({earlier, entry("b@me.com"), later, entry("c@me.com")});
  EXPECT_EQ(*count, (ImportCount{.import = 2, .added = 1, .changed = 1, .unchanged = 2}));
  Suppression fresh = entry("c@me.com");
  fresh.confirmed = later.created;
  earlier.confirmed = now;
  EXPECT_EQ(all(), (std::vector{earlier, entry("b@me.com"), fresh}));
}

TEST_F(SuppressionImportTest, is_remembered_when_it_says_something_again_and_not_when_it_is_empty) {
  ASSERT_TRUE(import_all({entry("a@me.com")}));
  EXPECT_EQ(*import_all({entry("a@me.com")}),
            (ImportCount{.import = 2, .added = 0, .changed = 0, .unchanged = 1}));
  EXPECT_EQ(*import_all({}), ImportCount{});
  auto database = Database::open(path, Database::Access::read);
  EXPECT_EQ(*database->number("SELECT count(*) FROM deed"), 2);
}

TEST_F(SuppressionImportTest, an_erasure_within_wins_over_everything_about_the_person) {
  ASSERT_TRUE(import_all({entry("a@me.com", SuppressionReason::complaint)}));
  ASSERT_TRUE(import_all({entry("a@me.com"), entry("a@me.com", SuppressionReason::erasure),
                          entry("a@me.com", SuppressionReason::manual)}));
  EXPECT_EQ(all(), (std::vector{entry("a@me.com", SuppressionReason::erasure)}));
  EXPECT_EQ(*import_all({entry("a@me.com")}),
            (ImportCount{.added = 0, .changed = 0, .unchanged = 1}));
}

TEST_F(SuppressionImportTest, refuses_one_entry_and_goes_on) {
  SuppressionImport job = import();
  Suppression bad = entry("a@me.com");
  bad.note = "\n";
  EXPECT_EQ(job.stage(bad).error().code, Code::syntax);
  EXPECT_TRUE(job.stage(entry("b@me.com")));
  EXPECT_EQ(job.staged(), 1u);
  EXPECT_TRUE(job.commit(by, Deadline::in(60s), ignore_progress));
  EXPECT_EQ(all(), (std::vector{entry("b@me.com")}));
}

TEST_F(SuppressionImportTest, leaves_no_trace_when_it_is_given_up) {
  {
    SuppressionImport job = import();
    for (const Suppression& one : many(1000)) ASSERT_TRUE(job.stage(one));
  }
  EXPECT_EQ(all(), std::vector<Suppression>{});
}

TEST_F(SuppressionImportTest, reports_its_progress) {
  SuppressionImport job = import();
  for (const Suppression& one : many(20001)) ASSERT_TRUE(job.stage(one));
  std::vector<std::uint64_t> seen;
  ASSERT_TRUE(job.commit(by, Deadline::in(60s), [&](std::uint64_t done) { seen.push_back(done); }));
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{0, 10000, 20000}));
}

TEST_F(SuppressionImportTest, lets_other_writers_work_while_it_reads_its_input) {
  SuppressionImport job = import();
  ASSERT_TRUE(job.stage(entry("a@me.com")));
  auto writer = SuppressionWriter::open(path, Missing::refuse, Deadline::in(60s));
  ASSERT_TRUE(writer->add(entry("b@me.com"), deed()));
  ASSERT_TRUE(job.commit(by, Deadline::in(60s), ignore_progress));
  EXPECT_EQ(all().size(), 2u);
}

TEST_F(SuppressionImportTest, gives_up_when_another_writer_does_not_finish) {
  SuppressionImport job = import();
  ASSERT_TRUE(job.stage(entry("a@me.com")));
  auto holder = Database::open(path, Database::Access::write);
  ASSERT_TRUE(holder->execute("BEGIN IMMEDIATE"));
  EXPECT_EQ(
      job.commit(by, Deadline::in(50ms), ignore_progress).error(),
      (Error{Code::temporary,
             path + ": another process holds the store locked; the time to wait for it is over"}));
}

// Readers must never wait and never see half of an import.
TEST_F(SuppressionImportTest, is_seen_whole_or_not_at_all_by_readers_beside_it) {
  constexpr int count = 60000;
  ASSERT_TRUE(import_all({entry("first@me.com")}));
  const auto list = *SqliteSuppressionList::open(path, Missing::make, Deadline::in(60s));
  std::atomic<bool> done = false;
  std::atomic<int> rounds = 0;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      const auto has = [&](std::string_view one) {
        const auto found = list->find(*Mailbox::parse(one), {}, false, now, Deadline::in(60s));
        EXPECT_TRUE(found) << found.error().text;
        return found && !found->empty();
      };
      while (!done) {
        ASSERT_TRUE(has("first@me.com"));
        // Asked in this order, the second may see more than the first, never less.
        const bool last_was_there = has(address(count - 1));
        const bool first_is_there = has(address(0));
        ASSERT_TRUE(first_is_there || !last_was_there);
        ++rounds;
      }
    });
  }
  int rounds_before_commit = 0;
  SuppressionImport job = import();
  for (const Suppression& one : many(count)) ASSERT_TRUE(job.stage(one));
  const auto result = job.commit(by, Deadline::in(60s), [&](std::uint64_t merged_so_far) {
    if (merged_so_far == 0) rounds_before_commit = rounds;
    if (merged_so_far == 50000) {
      // In the middle of the transaction: readers go on and see nothing of it.
      const auto found = list->find(*Mailbox::parse(address(0)), {}, false, now, Deadline::in(60s));
      EXPECT_TRUE(found && found->empty());
      while (rounds <= rounds_before_commit) std::this_thread::yield();
    }
  });
  ASSERT_TRUE(result) << result.error().text;
  EXPECT_EQ(result->added, static_cast<std::uint64_t>(count));
  done = true;
  readers.clear();
  const auto found =
      list->find(*Mailbox::parse(address(count - 1)), {}, false, now, Deadline::in(60s));
  EXPECT_TRUE(found && found->size() == 1);
}

TEST_F(SuppressionImportTest, killed_in_the_middle_of_the_merge_leaves_the_list_as_it_was) {
  ASSERT_TRUE(import_all({entry("first@me.com")}));
  {
    ChildProcess child([&](const ChildProcess::Ready& ready) {
      SuppressionImport job = import();
      for (const Suppression& one : many(150000)) {
        if (!job.stage(one)) return;
      }
      static_cast<void>(job.commit(by, Deadline::in(60s), [&](std::uint64_t merged_so_far) {
        if (merged_so_far == 140000) ready();
      }));
    });
    // Part of it is in the write-ahead log already, since it does not fit into memory.
    EXPECT_GT(std::filesystem::file_size(path + "-wal"), 1000000u);
    child.kill();
  }
  // A reader is the first to come: it must find its way without the right to write.
  const auto list = SqliteSuppressionList::open(path, Missing::make, Deadline::in(60s));
  ASSERT_TRUE(list) << list.error().text;
  const auto found = (*list)->find(*Mailbox::parse(address(0)), {}, false, now, Deadline::in(60s));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_TRUE(found->empty());
  EXPECT_EQ(all(), (std::vector{entry("first@me.com")}));
  EXPECT_EQ(import_all(many(1000))->added, 1000u);
  auto database = Database::open(path, Database::Access::read);
  EXPECT_EQ(*database->text("PRAGMA integrity_check"), "ok");
}

TEST_F(SuppressionImportTest, says_so_when_a_file_may_not_grow_and_changes_nothing) {
  ASSERT_TRUE(import_all({entry("first@me.com")}));
  const std::string error = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 256 * 1024, .rlim_max = 256 * 1024};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return std::string("setrlimit failed");
    const auto count = import_all(many(20000));
    return count ? std::string("imported") : count.error().text;
  });
  EXPECT_EQ(error,
            path +
                ": reading or writing failed: File too large (SQLite error 778); nothing was "
                "changed; look for a full or failing disk, or a limit on file sizes");
  EXPECT_EQ(all(), (std::vector{entry("first@me.com")}));
  EXPECT_EQ(import_all(many(10))->added, 10u);
}

TEST_F(SuppressionImportTest, says_so_when_the_disk_is_full_and_changes_nothing) {
  const std::filesystem::path disk = directory.path() / "disk";
  std::filesystem::create_directory(disk);
  path = disk / "store.db";
  const std::string seen = in_child([&] {
    // The mount is seen by the child alone and is gone with it.
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=512k") != 0) {
      return std::string("no mount");
    }
    if (!import_all({entry("first@me.com")})) return std::string("no import");
    const auto count = import_all(many(20000));
    if (count) return std::string("imported");
    const std::vector<Suppression> left = all();
    if (left != std::vector{entry("first@me.com")}) return std::string("changed");
    const auto small = import_all(many(10));
    return fmt::format("{} / {}", count.error().text, small ? "ok" : small.error().text);
  });
  if (seen == "no mount") GTEST_SKIP() << "needs the right to mount";
  EXPECT_EQ(seen, path +
                      ": no space left for the store or for SQLite's temporary files; nothing was "
                      "changed / ok");
}

TEST_F(SuppressionImportTest, makes_no_store_where_one_may_have_been_lost) {
  EXPECT_EQ(SuppressionImport::open(path, Deadline::in(60s)).error().code, Code::config);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace icm
