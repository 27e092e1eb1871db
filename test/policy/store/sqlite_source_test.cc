// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_source.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <unistd.h>

#include "policy/store/change_log.h"
#include "policy/store/sqlite_book.h"
#include "test/support/child_process.h"
#include "test/support/suppression_entries.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;
using Words = std::vector<std::string>;

class SqliteSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    book();
    source = open();
  }

  std::unique_ptr<SuppressionBook> book(Missing missing = Missing::make) {
    auto opened = SqliteSuppressionBook::open(path, missing, Deadline::in(60s));
    EXPECT_TRUE(opened) << opened.error().text;
    return *std::move(opened);
  }

  std::unique_ptr<SuppressionSource> open() {
    auto opened = SqliteSource::open(path);
    EXPECT_TRUE(opened) << opened.error().text;
    return *std::move(opened);
  }

  void add(const Suppression& one, WallTime at = now) {
    const auto added =
        book()->add(one, {.kind = Deed::Kind::add, .who = "root", .at = at, .why = {}});
    ASSERT_TRUE(added) << added.error().text;
  }

  void remove(const std::string& address) {
    const auto removed = book()->remove({.address = address, .scope = {}, .reason = {}},
                                        deed(Deed::Kind::remove, "signed up again"));
    ASSERT_TRUE(removed) << removed.error().text;
  }

  void import(int addresses) {
    auto job = *book()->begin_import();
    for (int i = 0; i < addresses; ++i) {
      ASSERT_TRUE(job->stage(entry(fmt::format("a{}@icloud.com", i))));
    }
    const auto done = job->commit(deed(Deed::Kind::import), Deadline::in(60s), [](auto) {});
    ASSERT_TRUE(done) << done.error().text;
  }

  static std::string words(const SourceEntry& one) {
    std::string text = fmt::format("{} {} {}", one.key, one.scope, to_string(one.reason));
    if (one.expires) text += " " + to_rfc3339(*one.expires);
    return text;
  }

  // All entries; `cursor` becomes where to read on.
  Words all() {
    Words found;
    const auto read = source->each([&](const SourceEntry& one) {
      found.push_back(words(one));
      return true;
    });
    EXPECT_TRUE(read) << read.error().text;
    cursor = read.value_or("");
    std::ranges::sort(found);
    return found;
  }

  // "bob@icloud.com:" for each changed address with what stands for it now behind it.
  Words changes(std::size_t most = 1000) {
    Words found;
    const auto read = source->changes(
        cursor, most, [&](std::string_view key) { found.push_back(fmt::format("{}:", key)); },
        [&](const SourceEntry& one) {
          found.back() += " " + words(one);
          return true;
        },
        Deadline::in(60s));
    EXPECT_TRUE(read) << read.error().text;
    if (!read || !*read) return {"cannot be told"};
    cursor = **read;
    return found;
  }

  // As one puts a backup in place: what belongs to the file that was there goes with it.
  void put_in_place(const std::string& backup) {
    std::filesystem::remove(path + "-wal");
    std::filesystem::remove(path + "-shm");
    std::filesystem::rename(backup, path);
  }

  void run_sql(std::string_view sql) {
    auto database = Database::open(path, Database::Access::write);
    ASSERT_TRUE(database) << database.error().text;
    const Status done = database->execute(sql);
    ASSERT_TRUE(done) << done.error().text;
  }

  TemporaryDirectory directory;
  std::string path = directory.path() / "store.db";
  std::unique_ptr<SuppressionSource> source;
  std::string cursor;
};

TEST_F(SqliteSourceTest, hands_over_every_entry_once) {
  EXPECT_EQ(all(), Words{});
  add(entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:news"));
  add(entry("bob@icloud.com"));
  add(entry("eve@me.com", SuppressionReason::suspended));
  EXPECT_EQ(all(),
            (Words{"bob@icloud.com global unsubscribe", "bob@icloud.com stream:news unsubscribe",
                   "eve@me.com global suspended 2026-12-21T08:00:00.000Z"}));
  EXPECT_EQ(changes(), Words{});
}

TEST_F(SqliteSourceTest, tells_what_was_added_changed_removed_and_erased_since) {
  add(entry("bob@icloud.com"));
  add(entry("eve@icloud.com"));
  add(entry("joe@icloud.com"));
  all();
  add(entry("bob@icloud.com", SuppressionReason::manual));
  EXPECT_EQ(changes(), (Words{"bob@icloud.com: bob@icloud.com global manual "
                              "bob@icloud.com global unsubscribe"}));
  remove("eve@icloud.com");
  add(entry("joe@icloud.com", SuppressionReason::erasure));
  EXPECT_EQ(changes(), (Words{"eve@icloud.com:", "joe@icloud.com: joe@icloud.com global erasure"}));
  remove("joe@icloud.com");
  add(entry("joe@icloud.com", SuppressionReason::erasure));
  remove("joe@icloud.com");
  EXPECT_EQ(changes(), Words{"joe@icloud.com:"});
  EXPECT_EQ(changes(), Words{});
}

TEST_F(SqliteSourceTest, tells_the_entries_of_an_import_unless_they_are_very_many) {
  add(entry("bob@icloud.com"));
  all();
  import(3);
  EXPECT_EQ(changes(), (Words{"a0@icloud.com: a0@icloud.com global unsubscribe",
                              "a1@icloud.com: a1@icloud.com global unsubscribe",
                              "a2@icloud.com: a2@icloud.com global unsubscribe"}));
  import(10);
  EXPECT_EQ(changes(6), Words{"cannot be told"});
  EXPECT_EQ(changes(7).size(), 7u);
  import(static_cast<int>(ChangeLog::most_in_one) + 100);
  EXPECT_EQ(changes(1000000), Words{"cannot be told"});
  all();
  EXPECT_EQ(changes(), Words{});
}

TEST_F(SqliteSourceTest, cannot_tell_from_a_cursor_of_another_or_an_earlier_store) {
  add(entry("bob@icloud.com"));
  all();
  const std::string good = cursor;
  const std::string backup = directory.path() / "backup.db";
  run_sql("VACUUM INTO '" + backup + "'");
  add(entry("eve@icloud.com"), now + 1s);
  changes();
  put_in_place(backup);
  ASSERT_EQ(*source->look(Deadline::in(60s)), SuppressionSource::Seen::replaced);
  EXPECT_EQ(changes(), Words{"cannot be told"});
  // Grown again to the same length by other deeds.
  add(entry("joe@icloud.com"), now + 2s);
  EXPECT_EQ(changes(), Words{"cannot be told"});
  cursor = good;
  EXPECT_EQ(changes(), Words{"joe@icloud.com: joe@icloud.com global unsubscribe"});
  for (const char* bad : {"", "x", "a b c d", "0 1 1 1", "1 2 3 4 5"}) {
    cursor = bad;
    EXPECT_EQ(changes(), Words{"cannot be told"}) << bad;
  }
}

TEST_F(SqliteSourceTest, cannot_tell_what_was_changed_before_there_was_a_log) {
  run_sql(
      "INSERT INTO deed (id, at, who, what, why) VALUES (1, 0, 'root', 'add', '');"
      "INSERT INTO suppression (address, scope, reason, source, note, created, added_by) "
      "VALUES ('old@icloud.com', 'global', 'manual', 'cli', '', 0, 1)");
  EXPECT_EQ(all(), Words{"old@icloud.com global manual"});
  add(entry("bob@icloud.com"));
  EXPECT_EQ(changes(), Words{"cannot be told"});
  EXPECT_EQ(all(), (Words{"bob@icloud.com global unsubscribe", "old@icloud.com global manual"}));
  add(entry("eve@icloud.com"));
  EXPECT_EQ(changes(), Words{"eve@icloud.com: eve@icloud.com global unsubscribe"});
}

TEST_F(SqliteSourceTest, has_another_generation_as_soon_as_a_writer_of_any_process_is_done) {
  const std::uint64_t before = source->generation();
  EXPECT_EQ(source->generation(), before);
  EXPECT_EQ(in_child([&] {
              add(entry("bob@icloud.com"));
              return std::string("added");
            }),
            "added");
  const std::uint64_t added = source->generation();
  EXPECT_NE(added, before);
  all();  // reading is no change
  EXPECT_EQ(source->generation(), added);
  remove("bob@icloud.com");
  EXPECT_NE(source->generation(), added);
}

// The commit is there, and the writer died before it could raise the generation.
TEST_F(SqliteSourceTest, sees_the_last_deed_of_a_writer_that_was_killed) {
  add(entry("eve@icloud.com"));
  all();
  static_cast<void>(source->look(Deadline::in(60s)));
  EXPECT_EQ(*source->look(Deadline::in(60s)), SuppressionSource::Seen::same);
  const std::uint64_t before = source->generation();
  const ChildProcess writer([&](const ChildProcess::Ready& ready) {
    auto database = Database::open(path, Database::Access::write);
    auto transaction = Transaction::begin(*database);
    auto log = ChangeLog::begin(*database);
    const bool is_done =
        database->execute(
            "INSERT INTO deed (id, at, who, what, why) VALUES (NULL, 0, 'root', 'add', '');"
            "INSERT INTO suppression (address, scope, reason, source, note, created, "
            "added_by) VALUES ('bob@icloud.com', 'global', 'manual', 'cli', '', 0, 1)") &&
        log->note("bob@icloud.com") && log->end() && transaction->commit();
    if (is_done) ready();
  });
  EXPECT_EQ(source->generation(), before);
  EXPECT_EQ(*source->look(Deadline::in(60s)), SuppressionSource::Seen::changed);
  EXPECT_EQ(changes(), Words{"bob@icloud.com: bob@icloud.com global manual"});
}

TEST_F(SqliteSourceTest, follows_when_the_file_of_the_generation_is_removed) {
  const std::uint64_t before = source->generation();
  std::filesystem::remove(path + "-generation");
  ASSERT_TRUE(source->look(Deadline::in(60s)));
  const std::uint64_t after = source->generation();
  EXPECT_NE(after, before);
  add(entry("bob@icloud.com"));
  EXPECT_EQ(source->generation(), after + 1);
}

TEST_F(SqliteSourceTest, says_that_the_store_is_gone_locked_or_damaged) {
  add(entry("bob@icloud.com"));
  all();
  source.reset();
  {
    auto holder = Database::open(path, Database::Access::write);
    ASSERT_TRUE(holder->execute(
        "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; SELECT 1 FROM deed; COMMIT"));
    EXPECT_EQ(open()->look(Deadline::in(0s)).error().text,
              path + ": another process holds the store locked; the time to wait for it is over");
  }
  source = open();
  ASSERT_TRUE(source->look(Deadline::in(60s)));
  std::filesystem::rename(path, path + ".away");
  EXPECT_EQ(source->look(Deadline::in(60s)).error().text,
            path + ": the store is not there any more: No such file or directory");
  directory.write("store.db", std::string(4096, 'x'));
  EXPECT_EQ(source->look(Deadline::in(60s)).error().text,
            path +
                ": expected a suppression store, found a file that is no SQLite database; move it "
                "away, and put the store's backup in its place");
  std::filesystem::rename(path + ".away", path);
  ASSERT_TRUE(source->look(Deadline::in(60s)));
  EXPECT_EQ(changes(), Words{});
}

TEST_F(SqliteSourceTest, ends_when_whoever_reads_has_enough) {
  import(10);
  int seen = 0;
  const auto read = source->each([&](const SourceEntry&) { return ++seen < 3; });
  EXPECT_EQ(read.error(), (Error{Code::temporary, path + ": reading was ended"}));
  EXPECT_EQ(seen, 3);
}

}  // namespace
}  // namespace icm
