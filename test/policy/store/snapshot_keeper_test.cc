// SPDX-License-Identifier: Apache-2.0
//
// What the keeper does with the file and with the store, seen through the list in front of it.
#include "policy/store/snapshot_keeper.h"

#include <atomic>

#include "test/support/snapshot_list_fixture.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;

using SnapshotKeeperTest = SnapshotListFixture;

TEST_F(SnapshotKeeperTest, begins_with_the_file_of_the_run_before_and_what_was_written_since) {
  add(entry("bob@icloud.com"));
  add(entry("eve@icloud.com"));
  start();
  wait_for_current();
  list->end();
  add(entry("joe@icloud.com"));
  remove("eve@icloud.com");
  start();
  wait_for_notice("info: suppression list: 4 entries in memory (0.0 MiB), read from " + file);
  EXPECT_EQ(found("joe@icloud.com"), Words{"joe@icloud.com global unsubscribe"});
  EXPECT_EQ(found("eve@icloud.com"), Words{});
  EXPECT_EQ(found("bob@icloud.com"), Words{"bob@icloud.com global unsubscribe"});
}

TEST_F(SnapshotKeeperTest, answers_from_the_file_when_the_store_is_away_from_the_start) {
  add(entry("bob@icloud.com"));
  start();
  wait_for_current();
  list->end();
  SnapshotKeeper::Means given = means();
  std::filesystem::rename(path, path + ".away");
  start(std::move(given));
  wait_for([&] { return list->state().is_ready; });
  wait_for_notice("warning: suppression list: the store is away");
  EXPECT_EQ(found("bob@icloud.com"), Words{"bob@icloud.com global unsubscribe (memory)"});
}

TEST_F(SnapshotKeeperTest, makes_anew_what_is_damaged_or_of_another_store_and_says_why) {
  add(entry("bob@icloud.com"));
  start();
  wait_for_current();
  list->end();
  std::filesystem::resize_file(file, 70);
  add(entry("eve@icloud.com"));
  start();
  wait_for_notice("info: suppression list: 2 entries in memory (0.0 MiB), read from the store");
  EXPECT_EQ(found("eve@icloud.com"), Words{"eve@icloud.com global unsubscribe"});
  EXPECT_TRUE(has_notice(fmt::format("warning: suppression list: {}: expected ", file)));
  wait_for([&] { return list->state().file_problem.empty(); });  // written anew
  list->end();

  for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(path + part);
  book();
  add(entry("joe@icloud.com"), now + 1s);
  start();
  wait_for_notice("info: suppression list: 1 entries in memory (0.0 MiB), read from the store");
  EXPECT_EQ(found("eve@icloud.com"), Words{});
  EXPECT_EQ(found("joe@icloud.com"), Words{"joe@icloud.com global unsubscribe"});
  EXPECT_TRUE(
      has_notice(fmt::format("warning: suppression list: {}: its 2 entries are of another "
                             "store, of a later day than this one, or too much has changed "
                             "since; it is made anew",
                             file)));
}

TEST_F(SnapshotKeeperTest, follows_a_store_that_is_put_back_to_an_earlier_day_while_it_runs) {
  add(entry("bob@icloud.com"));
  const std::string backup = directory.path() / "backup.db";
  ASSERT_TRUE(
      Database::open(path, Database::Access::write)->execute("VACUUM INTO '" + backup + "'"));
  add(entry("eve@icloud.com"), now + 1s);
  remove("bob@icloud.com");
  start();
  wait_for_current();
  EXPECT_EQ(found("bob@icloud.com"), Words{});
  std::filesystem::remove(path + "-wal");
  std::filesystem::remove(path + "-shm");
  std::filesystem::rename(backup, path);
  wait_for_notice(
      "warning: suppression list: another store stands in the place of the one that was there");
  wait_for_current();
  EXPECT_EQ(found("bob@icloud.com"), Words{"bob@icloud.com global unsubscribe"});
  EXPECT_EQ(found("eve@icloud.com"), Words{});
}

TEST_F(SnapshotKeeperTest, works_without_a_file_where_none_can_be_written) {
  add(entry("bob@icloud.com"));
  file = directory.path() / "none" / "store.db-snapshot";
  start();
  wait_for_notice(
      "warning: suppression list: " + file +
      ".new: cannot be made: No such file or directory; after a restart the list is read "
      "from the store again");
  wait_for_current();
  EXPECT_EQ(found("bob@icloud.com"), Words{"bob@icloud.com global unsubscribe"});
  EXPECT_EQ(found("eve@icloud.com"), Words{});
  EXPECT_EQ(list->state().file_problem, file + ".new: cannot be made: No such file or directory");
}

// Answers, and has the entries, but cannot tell in time what has changed.
class FarSource final : public SuppressionSource {
 public:
  FarSource(std::unique_ptr<SuppressionSource> source, std::atomic<bool>& can_tell)
      : source_(std::move(source)), can_tell_(can_tell) {}
  std::uint64_t generation() const override { return source_->generation(); }
  Result<std::string> each(const Visit& visit) override {
    if (!can_tell_ && has_begun_) return fail(Code::temporary, "no answer in time");
    has_begun_ = true;
    return source_->each(visit);
  }
  Result<std::optional<std::string>> changes(const std::string& cursor, std::size_t most,
                                             const Begin& begin, const Visit& visit,
                                             Deadline deadline) override {
    if (!can_tell_) return fail(Code::temporary, "no answer in time");
    return source_->changes(cursor, most, begin, visit, deadline);
  }
  Result<Seen> look(Deadline deadline) override { return source_->look(deadline); }

 private:
  const std::unique_ptr<SuppressionSource> source_;
  std::atomic<bool>& can_tell_;
  bool has_begun_ = false;
};

TEST_F(SnapshotKeeperTest, asks_a_store_that_answers_as_long_as_its_changes_cannot_be_read) {
  std::atomic<bool> can_tell = false;
  SnapshotKeeper::Means given = means();
  given.source = std::make_unique<FarSource>(std::move(given.source), can_tell);
  start(std::move(given));
  wait_for_current();
  add(entry("bob@icloud.com"));
  wait_for_notice(
      "warning: suppression list: what has changed cannot be read: no answer in time; until it "
      "can, the store is asked for every recipient");
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(found("bob@icloud.com"), Words{"bob@icloud.com global unsubscribe"});
  }
  EXPECT_FALSE(has_notice("warning: suppression list: the store is away"));
  can_tell = true;
  wait_for_current();
  EXPECT_EQ(found("bob@icloud.com"), Words{"bob@icloud.com global unsubscribe"});
}

TEST_F(SnapshotKeeperTest, follows_the_store_while_the_file_waits_for_its_disk) {
  SnapshotKeeper::Means given = means();
  given.most_recent = 3;
  given.file = directory.path() / "none" / "store.db-snapshot";
  list = std::make_unique<SnapshotSuppressionList>(std::move(given),
                                                   SnapshotSuppressionList::WhileAway::last_known);
  std::atomic<bool> is_held = true;
  list->begin([&](const StoreNotice& notice) {  // told by whoever writes the file
    if (notice.text.find(".new: cannot be made") != std::string::npos) is_held.wait(true);
  });
  wait_for_current();
  import(10);
  wait_for_current();
  import(20);
  wait_for_current();
  EXPECT_EQ(found("a19@icloud.com"), Words{"a19@icloud.com global unsubscribe"});
  is_held = false;
  is_held.notify_all();
  list->end();
}

TEST_F(SnapshotKeeperTest, keeps_what_was_written_when_it_has_to_be_put_together) {
  SnapshotKeeper::Means given = means();
  given.most_recent = 4;
  start(std::move(given));
  wait_for_current();
  for (int i = 0; i < 20; ++i) {
    add(entry(fmt::format("a{}@icloud.com", i)));
    if (i % 3 == 0) remove(fmt::format("a{}@icloud.com", i));
    wait_for_current();
    EXPECT_LE(list->state().recent, 4u);
  }
  list->end();
  start();
  wait_for_notice("info: suppression list: 1");
  for (int i = 0; i < 20; ++i) {
    const std::string address = fmt::format("a{}@icloud.com", i);
    EXPECT_EQ(found(address), i % 3 == 0 ? Words{} : Words{address + " global unsubscribe"});
  }
}

}  // namespace
}  // namespace icm
