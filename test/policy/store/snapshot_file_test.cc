// SPDX-License-Identifier: Apache-2.0
#include "policy/store/snapshot_file.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/support/child_process.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

constexpr uid_t nobody = 65534;

AddressSnapshot snapshot_of(int addresses) {
  SnapshotBuilder builder;
  for (int i = 0; i < addresses; ++i) {
    const std::string key = fmt::format("a{}@icloud.com", i);
    builder.add({.key = key,
                 .scope = i % 2 == 0 ? "global" : "stream:news",
                 .reason = SuppressionReason::unsubscribe,
                 .expires = std::nullopt});
  }
  return std::move(builder).finish("cursor of a store");
}

class SnapshotFileTest : public testing::Test {
 protected:
  std::string read_error() {
    const auto read = SnapshotFile::read(path);
    return read ? "read" : read.error().text;
  }

  std::string write_error(const AddressSnapshot& snapshot) {
    const Status written = SnapshotFile::write(path, snapshot);
    return written ? "written" : written.error().text;
  }

  std::string content() {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void put(const std::string& octets) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << octets;
  }

  TemporaryDirectory directory;
  std::string path = directory.path() / "store.db-snapshot";
};

TEST_F(SnapshotFileTest, gives_back_a_snapshot_as_it_was_written) {
  const AddressSnapshot written = snapshot_of(200000);
  ASSERT_EQ(write_error(written), "written");
  const auto read = SnapshotFile::read(path);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->size(), 200000u);
  EXPECT_EQ(read->cursor(), "cursor of a store");
  for (int i = 0; i < 200000; ++i) {
    const auto records = read->records(read->hash_of(fmt::format("a{}@icloud.com", i)));
    ASSERT_EQ(records.size(), 1u);
    ASSERT_EQ(read->scope(records[0]), i % 2 == 0 ? "global" : "stream:news");
  }
  EXPECT_EQ(read->records(read->hash_of("b0@icloud.com")).size(), 0u);
}

TEST_F(SnapshotFileTest, has_a_key_of_its_own_for_each_new_snapshot) {
  EXPECT_NE(snapshot_of(1).hash_of("a@b"), snapshot_of(1).hash_of("a@b"));
}

TEST_F(SnapshotFileTest, is_readable_by_owner_and_group_and_leaves_nothing_beside_it) {
  ASSERT_EQ(write_error(snapshot_of(3)), "written");
  ASSERT_EQ(write_error(snapshot_of(4)), "written");
  struct stat about {};
  ASSERT_EQ(stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0640u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
  EXPECT_EQ(SnapshotFile::read(path)->size(), 4u);
}

TEST_F(SnapshotFileTest, is_refused_when_it_was_cut_short_anywhere) {
  ASSERT_EQ(write_error(snapshot_of(5)), "written");
  const std::string whole = content();
  ASSERT_EQ(whole.size(), 163u);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    put(whole.substr(0, size));
    EXPECT_EQ(read_error(),
              size < 64 ? fmt::format("{}: expected a snapshot, found {} octets", path, size)
                        : fmt::format("{}: expected 163 octets, found {}", path, size));
  }
  put(whole + "x");
  EXPECT_EQ(read_error(), path + ": expected 163 octets, found 164");
}

TEST_F(SnapshotFileTest, is_refused_when_any_octet_of_it_is_another) {
  ASSERT_EQ(write_error(snapshot_of(5)), "written");
  const std::string whole = content();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string garbled = whole;
    garbled[at] = static_cast<char>(garbled[at] ^ 0x10);
    put(garbled);
    const std::string expected =
        at < 8    ? "expected a snapshot, found something else"
        : at < 16 ? "expected a snapshot of this release and this kind of machine"
        : at < 64 ? "its header is damaged"
                  : "its content is damaged";
    EXPECT_EQ(read_error(), path + ": " + expected) << at;
  }
}

TEST_F(SnapshotFileTest, is_refused_when_others_could_have_written_it) {
  ASSERT_EQ(write_error(snapshot_of(1)), "written");
  ASSERT_EQ(chmod(path.c_str(), 0660), 0);
  EXPECT_EQ(read_error(), fmt::format("{}: expected a file that only user {} can write, found one "
                                      "of user {} with mode 0660",
                                      path, geteuid(), geteuid()));
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  ASSERT_EQ(chown(path.c_str(), nobody, nobody), 0);
  EXPECT_EQ(read_error(), path +
                              ": expected a file that only user 0 can write, found one of user "
                              "65534 with mode 0640");
}

TEST_F(SnapshotFileTest, is_refused_when_it_is_no_file) {
  EXPECT_FALSE(SnapshotFile::is_there(path));
  EXPECT_EQ(read_error(), path + ": cannot be read: No such file or directory");
  std::filesystem::create_directory(path);
  EXPECT_TRUE(SnapshotFile::is_there(path));
  EXPECT_EQ(read_error(), path + ": expected a file");
  std::filesystem::remove(path);
  std::filesystem::create_symlink("/dev/zero", path);
  EXPECT_EQ(read_error(), path + ": cannot be read: Too many levels of symbolic links");
  std::filesystem::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(read_error(), path + ": expected a file");
}

TEST_F(SnapshotFileTest, stays_what_it_was_when_there_is_no_room_for_the_next) {
  ASSERT_EQ(write_error(snapshot_of(1)), "written");
  const AddressSnapshot larger = snapshot_of(10000);
  const std::string error = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100000, 100000};
    setrlimit(RLIMIT_FSIZE, &limit);
    return write_error(larger);
  });
  EXPECT_EQ(error, path + ".new: cannot be written: File too large");
  EXPECT_EQ(SnapshotFile::read(path)->size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_F(SnapshotFileTest, says_why_it_cannot_be_made_in_a_directory_of_others) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const std::string error = in_child([&] {
    if (chmod(directory.path().c_str(), 0755) != 0 || setuid(nobody) != 0) return std::string("no");
    return write_error(snapshot_of(1));
  });
  EXPECT_EQ(error, path + ".new: cannot be made: Permission denied");
}

}  // namespace
}  // namespace icm
