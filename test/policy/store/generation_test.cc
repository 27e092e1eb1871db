// SPDX-License-Identifier: Apache-2.0
#include "policy/store/generation.h"

#include <set>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/support/child_process.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

constexpr uid_t nobody = 65534;

class GenerationTest : public testing::Test {
 protected:
  Generation open() {
    auto opened = Generation::open(store);
    EXPECT_TRUE(opened) << opened.error().text;
    return *std::move(opened);
  }

  TemporaryDirectory directory;
  std::string store = directory.write("store.db", "");
  std::string path = store + "-generation";
};

TEST_F(GenerationTest, is_raised_for_every_process_that_has_it_open) {
  const Generation here = open();
  const std::uint64_t before = here.value();
  EXPECT_EQ(in_child([&] {
              open().raise();
              return std::string("raised");
            }),
            "raised");
  EXPECT_EQ(here.value(), before + 1);
}

TEST_F(GenerationTest, keeps_its_number_when_nobody_has_it_open) {
  Generation first = open();
  first.raise();
  EXPECT_EQ(open().value(), first.value());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 2);
}

TEST_F(GenerationTest, has_a_new_number_after_the_file_was_removed_or_replaced_by_something_else) {
  std::set<std::uint64_t> numbers;
  const Generation first = open();
  EXPECT_TRUE(first.is_in_place());
  numbers.insert(first.value());
  std::filesystem::remove(path);
  EXPECT_FALSE(first.is_in_place());
  numbers.insert(open().value());
  EXPECT_FALSE(first.is_in_place());
  directory.write("store.db-generation", "short");
  numbers.insert(open().value());
  directory.write("store.db-generation", "something else that is long enough");
  numbers.insert(open().value());
  EXPECT_EQ(numbers.size(), 4u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 2);
}

TEST_F(GenerationTest, belongs_to_the_owner_of_the_store_and_who_may_write_that) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_EQ(chown(store.c_str(), nobody, nobody), 0);
  ASSERT_EQ(chmod(store.c_str(), 0660), 0);
  open();
  struct stat about {};
  ASSERT_EQ(stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_uid, nobody);
  EXPECT_EQ(about.st_gid, nobody);
  EXPECT_EQ(about.st_mode & 07777, 0660u);
}

TEST_F(GenerationTest, says_why_it_cannot_be_had) {
  std::filesystem::create_symlink("/dev/zero", path);
  EXPECT_EQ(Generation::open(store).error(),
            (Error{Code::config, path + ": cannot be opened: Too many levels of symbolic links"}));
  std::filesystem::remove(path);
  const std::string missing = directory.path() / "missing" / "store.db";
  EXPECT_EQ(Generation::open(missing).error(),
            (Error{Code::config, missing + ": cannot open the store: No such file or directory"}));
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  EXPECT_EQ(in_child([&] {
              if (chmod(directory.path().c_str(), 0755) != 0 || setuid(nobody) != 0)
                return std::string();
              return Generation::open(store).error().text;
            }),
            path + ": cannot be made: Permission denied");
}

}  // namespace
}  // namespace icm
