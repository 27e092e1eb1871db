// SPDX-License-Identifier: Apache-2.0
//
// A store that an earlier release made is brought up to date, whole or not at all.
#include <csignal>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/store/schema.h"
#include "policy/store/store_file.h"
#include "policy/store/suppression_import.h"
#include "policy/store/suppression_records.h"
#include "test/support/child_process.h"
#include "test/support/suppression_entries.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;

// Made by the release that knew version 1 alone, with its own commands.
constexpr const char* made_by_version_1 = ICM_SOURCE_DIR "/test/policy/store/data/version-1.db";
const auto newest = static_cast<std::int64_t>(store_schema.size());

class StoreMigration : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy_file(made_by_version_1, path);
    std::filesystem::copy_file(made_by_version_1, version_1);
  }

  Result<Database> open(Notices* notices = nullptr,
                        Database::Access access = Database::Access::write) {
    return open_store(path, access, Missing::refuse, Deadline::in(60s), notices);
  }

  static std::int64_t version_of(const std::string& file) {
    auto database = Database::open(file, Database::Access::read);
    return *database->number("PRAGMA user_version");
  }

  // Every row of a table, in the columns that version 1 had.
  static std::vector<std::string> rows(const std::string& file, std::string_view sql) {
    auto database = Database::open(file, Database::Access::read);
    auto statement = database->prepare(sql);
    EXPECT_TRUE(statement) << statement.error().text;
    Query query = statement->query();
    std::vector<std::string> all;
    while (*query.step()) all.emplace_back(query.text(0));
    return all;
  }

  static std::vector<std::string> content(const std::string& file) {
    std::vector<std::string> all;
    constexpr std::string_view entry_of =
        "address || '|' || scope || '|' || reason || '|' || source || '|' || note || '|' || "
        "created || '|' || ifnull(expires, '') || '|' || added_by";
    for (const std::string& sql :
         {fmt::format("SELECT {} FROM suppression ORDER BY 1", entry_of),
          fmt::format("SELECT id || '|' || ended_by || '|' || {} FROM past ORDER BY 1", entry_of),
          std::string("SELECT id || '|' || at || '|' || who || '|' || what || '|' || why FROM deed "
                      "ORDER BY id")}) {
      const std::vector<std::string> some = rows(file, sql);
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }

  void make_large() {
    auto database = Database::open(path, Database::Access::write);
    ASSERT_TRUE(database->execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "INSERT INTO suppression SELECT 'u' || i || '@icloud.com', 'global', 'manual', 'cli', '', "
        "0, NULL, 1 FROM n"));
    ASSERT_TRUE(database->execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  }

  TemporaryDirectory directory;
  std::string path = directory.path() / "store.db";
  std::string version_1 = directory.path() / "version-1.db";  // left alone
  std::string backup = path + "-version-1.backup";
};

TEST_F(StoreMigration, keeps_every_entry_its_history_and_who_did_it) {
  const std::vector<std::string> before = content(version_1);
  ASSERT_EQ(before.size(), 6u + 2u + 8u);
  Notices notices;
  ASSERT_TRUE(open(&notices));
  EXPECT_EQ(notices, Notices{fmt::format("{}: the store was brought from version 1 to version {}; "
                                         "as it was before, it is kept in {}",
                                         path, store_schema.size(), backup)});
  EXPECT_EQ(version_of(path), newest);
  EXPECT_EQ(content(path), before);
  EXPECT_EQ(rows(path, "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
}

TEST_F(StoreMigration, makes_a_store_like_one_that_is_new) {
  const std::string fresh = directory.path() / "fresh.db";
  ASSERT_TRUE(open_store(fresh, Database::Access::write, Missing::make, Deadline::in(60s)));
  ASSERT_TRUE(open());
  constexpr std::string_view schema = "SELECT type || name || sql FROM sqlite_schema ORDER BY name";
  EXPECT_EQ(rows(path, schema), rows(fresh, schema));
}

TEST_F(StoreMigration, keeps_what_was_there_in_a_backup_of_the_same_owner_and_mode) {
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  ASSERT_TRUE(open());
  EXPECT_EQ(version_of(backup), 1);
  EXPECT_EQ(content(backup), content(version_1));
  struct stat of_store {};
  struct stat of_backup {};
  ASSERT_EQ(stat(path.c_str(), &of_store), 0);
  ASSERT_EQ(stat(backup.c_str(), &of_backup), 0);
  EXPECT_EQ(of_backup.st_mode, of_store.st_mode);
  EXPECT_EQ(of_backup.st_uid, of_store.st_uid);
}

TEST_F(StoreMigration, happens_once_and_is_told_once) {
  ASSERT_TRUE(open());
  const auto made = std::filesystem::last_write_time(backup);
  Notices notices;
  ASSERT_TRUE(open(&notices));
  EXPECT_EQ(notices, Notices{});
  EXPECT_EQ(std::filesystem::last_write_time(backup), made);
}

TEST_F(StoreMigration, is_done_for_a_reader_as_well) {
  auto records = SuppressionRecords::open(path, Missing::refuse, Deadline::in(60s));
  ASSERT_TRUE(records) << records.error().text;
  EXPECT_EQ(records->standing({"bob@icloud.com"})->size(), 2u);
  EXPECT_EQ(version_of(path), newest);
}

TEST_F(StoreMigration, killed_at_any_moment_leaves_the_old_store_or_the_new_one) {
  make_large();
  const std::vector<std::string> before = content(path);
  const std::string old_store = directory.path() / "old.db";
  std::filesystem::copy_file(path, old_store);
  for (int i = 0; i < 12; ++i) {
    std::filesystem::remove(path + "-wal");
    std::filesystem::remove(path + "-shm");
    std::filesystem::copy_file(old_store, path, std::filesystem::copy_options::overwrite_existing);
    const pid_t child = fork();
    if (child == 0) {
      static_cast<void>(open());
      _exit(0);
    }
    usleep(static_cast<useconds_t>(i) * 4000);
    ::kill(child, SIGKILL);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    auto database = open();
    ASSERT_TRUE(database) << i << ": " << database.error().text;
    EXPECT_EQ(version_of(path), newest) << i;
    EXPECT_EQ(content(path), before) << i;
    EXPECT_EQ(version_of(backup), 1) << i;
    EXPECT_FALSE(std::filesystem::exists(backup + ".part")) << i;
  }
}

TEST_F(StoreMigration, says_so_when_there_is_no_room_for_the_backup_and_changes_nothing) {
  make_large();
  const std::vector<std::string> before = content(path);
  const auto size = std::filesystem::file_size(path);
  const std::string error = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 256 * 1024, .rlim_max = 256 * 1024};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return std::string("setrlimit failed");
    const auto opened = open();
    return opened ? std::string("opened") : opened.error().text;
  });
  EXPECT_EQ(error, fmt::format(
                       "{0}: its backup {1} cannot be made, for which up to {2} octets are needed; "
                       "the store is as it was: {0}: reading or writing failed: File too large "
                       "(SQLite error 778); nothing was changed; look for a full or failing disk, "
                       "or a limit on file sizes",
                       path, backup, size));
  EXPECT_EQ(version_of(path), 1);
  EXPECT_EQ(content(path), before);
  EXPECT_FALSE(std::filesystem::exists(backup));
  EXPECT_FALSE(std::filesystem::exists(backup + ".part"));
  EXPECT_TRUE(open());
}

TEST_F(StoreMigration, leaves_a_damaged_store_alone) {
  make_large();
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20 * 4096);
    file << std::string(4096, '\xff');
  }
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::permanent);
  EXPECT_NE(opened.error().text.find("the store is damaged"), std::string::npos)
      << opened.error().text;
  EXPECT_EQ(version_of(path), 1);
}

TEST_F(StoreMigration, tells_who_may_not_write_the_store) {
  if (geteuid() != 0) GTEST_SKIP() << "needs the right to become nobody";
  ASSERT_EQ(chmod(directory.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  const std::string error = in_child([&] {
    if (setgid(65534) != 0 || setuid(65534) != 0) return std::string("still root");
    const auto opened = open(nullptr, Database::Access::read);
    return opened ? std::string("opened") : opened.error().text;
  });
  EXPECT_EQ(error, path +
                       ": this user may not write the store; run the command as root or as "
                       "the owner of the file");
  EXPECT_EQ(version_of(path), 1);
}

}  // namespace
}  // namespace icm
