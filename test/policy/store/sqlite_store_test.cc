// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_store.h"

#include <atomic>
#include <fstream>
#include <latch>
#include <system_error>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/base/guarded.h"
#include "policy/store/reader_pool.h"
#include "policy/store/schema.h"
#include "policy/store/suppression_import.h"
#include "policy/store/suppression_writer.h"
#include "test/support/child_process.h"
#include "test/support/suppression_entries.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;

constexpr uid_t nobody = 65534;

class SqliteSuppressionListTest : public testing::Test {
 protected:
  void add(const Suppression& one) {
    auto writer = SuppressionWriter::open(path, Missing::make, Deadline::in(60s));
    ASSERT_TRUE(writer) << writer.error().text;
    const auto outcome = writer->add(one, deed());
    ASSERT_TRUE(outcome) << outcome.error().text;
  }

  std::unique_ptr<SqliteSuppressionList> list() {
    auto opened = SqliteSuppressionList::open(path, Missing::make, Deadline::in(60s));
    EXPECT_TRUE(opened) << opened.error().text;
    return *std::move(opened);
  }

  std::string open_error(Deadline deadline = Deadline::in(60s)) {
    const auto opened = SqliteSuppressionList::open(path, Missing::make, deadline);
    return opened ? "opened" : opened.error().text;
  }

  std::vector<std::string> found(std::string_view address,
                                 const std::vector<std::string>& scopes = {},
                                 bool siblings = true) {
    const auto entries =
        list()->find(*Mailbox::parse(address), scopes, siblings, now, Deadline::in(60s));
    EXPECT_TRUE(entries) << entries.error().text;
    std::vector<std::string> all;
    for (const Suppression& one : *entries) all.push_back(words(one));
    return all;
  }

  void run_sql(std::string_view sql) {
    auto database = Database::open(path, Database::Access::write);
    ASSERT_TRUE(database) << database.error().text;
    const Status done = database->execute(sql);
    ASSERT_TRUE(done) << done.error().text;
  }

  TemporaryDirectory directory;
  std::string path = directory.path() / "store.db";
};

using Words = std::vector<std::string>;

TEST_F(SqliteSuppressionListTest, gives_back_an_entry_as_it_was_stored) {
  Suppression one = entry("bob@icloud.com", SuppressionReason::suspended, "stream:news");
  one.source = "import:list.csv";
  one.note = "552 5.2.2 \xc3\xbc\"';--";
  one.expires = now + 1ms;
  add(one);
  const auto entries = list()->find(*Mailbox::parse("BOB@ICLOUD.COM"), {"stream:news"}, false, now,
                                    Deadline::in(60s));
  ASSERT_TRUE(entries);
  EXPECT_EQ(*entries, std::vector{one});
}

TEST_F(SqliteSuppressionListTest, finds_nothing_in_a_store_it_had_to_make) {
  EXPECT_EQ(found("bob@icloud.com"), Words{});
  struct stat about {};
  ASSERT_EQ(stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0640u);
}

TEST_F(SqliteSuppressionListTest, finds_by_scope_expiry_and_sibling) {
  add(entry("bob@me.com"));
  add(entry("bob@me.com", SuppressionReason::hard_bounce));
  add(entry("bob@icloud.com", SuppressionReason::manual, "list:w.shop.example"));
  Suppression over = entry("bob@icloud.com", SuppressionReason::manual);
  over.expires = now;
  add(over);
  EXPECT_EQ(found("bob@icloud.com"), (Words{"bob@me.com global unsubscribe"}));
  EXPECT_EQ(found("bob@icloud.com", {}, false), Words{});
  EXPECT_EQ(found("bob@icloud.com", {"list:w.shop.example"}),
            (Words{"bob@me.com global unsubscribe", "bob@icloud.com list:w.shop.example manual"}));
  EXPECT_EQ(found("bob@me.com"),
            (Words{"bob@me.com global unsubscribe", "bob@me.com global hard-bounce"}));
}

TEST_F(SqliteSuppressionListTest, sees_at_once_what_another_connection_commits) {
  const auto reader = list();
  const auto ask = [&] {
    return reader->find(*Mailbox::parse("bob@icloud.com"), {}, true, now, Deadline::in(60s))
        ->size();
  };
  EXPECT_EQ(ask(), 0u);
  add(entry("bob@icloud.com"));
  EXPECT_EQ(ask(), 1u);
}

TEST_F(SqliteSuppressionListTest, answers_many_threads_at_the_same_time) {
  add(entry("bob@icloud.com"));
  const auto reader = list();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&reader] {
      for (int round = 0; round < 200; ++round) {
        const auto hit =
            reader->find(*Mailbox::parse("bob@mac.com"), {}, true, now, Deadline::in(60s));
        const auto miss =
            reader->find(*Mailbox::parse("eve@mac.com"), {}, true, now, Deadline::in(60s));
        ASSERT_TRUE(hit && miss);
        ASSERT_EQ(hit->size(), 1u);
        ASSERT_EQ(miss->size(), 0u);
      }
    });
  }
}

TEST_F(SqliteSuppressionListTest, is_made_once_however_many_open_it_at_the_same_time) {
  for (int round = 0; round < 30; ++round) {
    const TemporaryDirectory fresh;
    const std::string file = fresh.path() / "store.db";
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&file] {
        const auto opened = SqliteSuppressionList::open(file, Missing::make, Deadline::in(60s));
        ASSERT_TRUE(opened) << opened.error().text;
        const auto none =
            (*opened)->find(*Mailbox::parse("a@icloud.com"), {}, true, now, Deadline::in(60s));
        ASSERT_TRUE(none) << none.error().text;
        EXPECT_TRUE(none->empty());
      });
    }
  }
}

TEST_F(SqliteSuppressionListTest, says_so_when_no_time_is_left) {
  const auto reader = list();
  const auto answer =
      reader->find(*Mailbox::parse("bob@icloud.com"), {}, true, now, Deadline::in(-1s));
  EXPECT_EQ(answer.error(),
            (Error{Code::temporary, path + ": no time left to ask the suppression list"}));
}

TEST_F(SqliteSuppressionListTest, refuses_a_path_it_cannot_make_a_file_at) {
  path = directory.path() / "missing" / "store.db";
  EXPECT_EQ(open_error(), path + ": cannot make the store: No such file or directory");
  path = directory.path();
  EXPECT_EQ(open_error(), path + ": expected a suppression store, found something that is no file");
  path = directory.write("file", "") / "store.db";
  EXPECT_EQ(open_error(), path + ": cannot open the store: Not a directory");
}

TEST_F(SqliteSuppressionListTest, refuses_a_file_that_is_no_database) {
  directory.write("store.db", std::string(8192, 'x'));
  EXPECT_EQ(open_error(),
            path +
                ": expected a suppression store, found a file that is no SQLite database; move it "
                "away, and put the store's backup in its place");
}

TEST_F(SqliteSuppressionListTest, refuses_another_programs_database_and_leaves_it_as_it_is) {
  directory.write("store.db", "");
  run_sql("CREATE TABLE cookies (name TEXT); PRAGMA application_id = 7");
  EXPECT_EQ(open_error(),
            path +
                ": expected a suppression store (application_id 1229147475), found another "
                "program's database (application_id 7, 1 tables and indexes)");
  auto database = Database::open(path, Database::Access::read);
  EXPECT_EQ(*database->text("PRAGMA journal_mode"), "delete");
}

TEST_F(SqliteSuppressionListTest, refuses_a_store_of_another_release) {
  list();
  const std::size_t ours = store_schema.size();
  run_sql(fmt::format("PRAGMA user_version = {}", ours + 1));
  EXPECT_EQ(open_error(),
            fmt::format("{}: expected a suppression store of version {}, found version {}; it was "
                        "written by another release of icloud-milter",
                        path, ours, ours + 1));
}

TEST_F(SqliteSuppressionListTest, does_not_take_a_reason_it_does_not_know_for_nothing) {
  add(entry("bob@icloud.com"));
  run_sql("UPDATE suppression SET reason = 'bored'");
  const auto answer =
      list()->find(*Mailbox::parse("bob@icloud.com"), {}, true, now, Deadline::in(60s));
  EXPECT_EQ(answer.error(),
            (Error{Code::permanent,
                   path + ": bob@icloud.com: expected a reason that this release knows, found "
                          "\"bored\""}));
}

TEST_F(SqliteSuppressionListTest, reports_a_damaged_store_and_never_an_empty_answer) {
  list();  // makes it
  auto import = SuppressionImport::open(path, Deadline::in(60s));
  ASSERT_TRUE(import);
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(import->stage(entry(fmt::format("u{}@icloud.com", i))));
  ASSERT_TRUE(import->commit(deed(Deed::Kind::import), Deadline::in(60s), [](auto) {}));
  const auto size = std::filesystem::file_size(path);
  ASSERT_GT(size, 20u * 4096);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (std::streamoff page = 8; page < static_cast<std::streamoff>(size / 4096); ++page) {
      file.seekp(page * 4096);
      file << std::string(4096, '\xff');
    }
  }
  const auto reader = list();
  int damaged = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto answer = reader->find(*Mailbox::parse(fmt::format("u{}@icloud.com", i)), {}, false,
                                     now, Deadline::in(60s));
    if (answer) {
      EXPECT_EQ(answer->size(), 1u) << i;
      continue;
    }
    ++damaged;
    EXPECT_EQ(
        answer.error(),
        (Error{Code::permanent,
               path + ": the store is damaged (database disk image is malformed); stop "
                      "icloud-milter, move it, its -wal and its -shm away, and put a backup in its "
                      "place, or make an empty one with icloud-milterctl store init and import the "
                      "last export"}));
  }
  EXPECT_GT(damaged, 0);
}

TEST_F(SqliteSuppressionListTest, gives_up_on_a_locked_store_when_its_time_is_over) {
  add(entry("bob@icloud.com"));
  auto holder = Database::open(path, Database::Access::write);
  ASSERT_TRUE(holder);
  // The one way to lock readers out of a store in WAL mode.
  ASSERT_TRUE(holder->execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE"));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(open_error(Deadline::in(150ms)),
            path + ": another process holds the store locked; the time to wait for it is over");
  const auto waited = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(waited, 150ms);
}

// How often this process has the file itself open.
int times_open(const std::string& path) {
  int times = 0;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    if (std::filesystem::read_symlink(entry.path(), gone) == path) ++times;
  }
  return times;
}

TEST_F(SqliteSuppressionListTest, has_few_files_open_whatever_number_of_threads_ask) {
  add(entry("bob@icloud.com"));
  const auto reader = list();
  int most_open = 0;
  {
    std::vector<std::jthread> threads;
    std::latch begin(101);
    std::atomic<int> asking{100};
    for (int i = 0; i < 100; ++i) {
      threads.emplace_back([&] {
        begin.arrive_and_wait();
        for (int round = 0; round < 20; ++round) {
          const auto found =
              reader->find(*Mailbox::parse("bob@icloud.com"), {}, true, now, Deadline::in(60s));
          EXPECT_TRUE(found) << found.error().text;
        }
        --asking;
      });
    }
    begin.arrive_and_wait();
    while (asking > 0) most_open = std::max(most_open, times_open(path));
  }
  // SQLite itself keeps the descriptor of a closed connection for the next one, as long as another
  // holds a lock on the file; so how many stay open says nothing.
  EXPECT_LE(most_open, most_readers + static_cast<int>(most_idle_readers));
}

TEST_F(SqliteSuppressionListTest, misses_a_store_that_was_there_at_the_start) {
  const auto reader = list();
  std::filesystem::remove(path);
  std::vector<std::string> errors;
  {
    // Two lookups at once: one has the first connection, the other must open a second one.
    std::vector<std::jthread> threads;
    Guarded<std::vector<std::string>> seen;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 200; ++round) {
          const auto answer =
              reader->find(*Mailbox::parse("bob@icloud.com"), {}, true, now, Deadline::in(60s));
          if (answer) continue;
          seen.with([&](auto& all) { all.push_back(answer.error().text); });
        }
      });
    }
    threads.clear();
    errors = seen.with([](auto& all) { return all; });
  }
  for (const std::string& error : errors)
    EXPECT_EQ(
        error,
        path +
            ": there is no store; put its backup back if there was one, or make an empty one with "
            "icloud-milterctl store init");
  EXPECT_FALSE(std::filesystem::exists(path));
}

// What a user without rights meets. Root has all rights, so the test gives them up in a child.
class WithoutRights : public SqliteSuppressionListTest {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
    add(entry("bob@icloud.com"));
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0755));
  }

  std::string as_nobody(const std::function<std::string()>& body) {
    return in_child([&body] {
      if (setgid(nobody) != 0 || setuid(nobody) != 0) return std::string("cannot become nobody");
      return body();
    });
  }
};

TEST_F(WithoutRights, a_store_that_may_not_be_read_is_refused) {
  EXPECT_EQ(as_nobody([&] { return open_error(); }),
            path +
                ": cannot open the store: Permission denied (its directory must be writable too, "
                "for the files ending in -wal and -shm)");
}

TEST_F(WithoutRights, a_store_that_may_not_be_written_is_refused_to_writers) {
  std::filesystem::permissions(directory.path(), std::filesystem::perms(0777));
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  EXPECT_EQ(as_nobody([&] {
              auto writer = SuppressionWriter::open(path, Missing::make, Deadline::in(1s));
              if (!writer) return writer.error().text;
              const auto outcome = writer->add(entry("eve@icloud.com"), deed());
              return outcome ? std::string("added") : outcome.error().text;
            }),
            path +
                ": this user may not write the store; run the command as root or as the owner of "
                "the file");
}

TEST_F(WithoutRights, a_new_store_belongs_to_the_owner_of_its_directory) {
  const std::filesystem::path home = directory.path() / "home";
  std::filesystem::create_directory(home);
  ASSERT_EQ(chown(home.c_str(), nobody, nobody), 0);
  path = home / "store.db";
  add(entry("bob@icloud.com"));
  EXPECT_EQ(as_nobody([&] { return fmt::format("{}", fmt::join(found("bob@icloud.com"), ", ")); }),
            "bob@icloud.com global unsubscribe");
}

}  // namespace
}  // namespace icm
