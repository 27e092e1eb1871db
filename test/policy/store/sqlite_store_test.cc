// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_store.h"

#include <thread>

#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

TEST(SqliteSuppressionList, is_made_once_however_many_open_it_at_the_same_time) {
  for (int round = 0; round < 10; ++round) {
    const TemporaryDirectory directory;
    const std::string path = directory.path() / "store.db";
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&path] {
        auto list = SqliteSuppressionList::open(path, Deadline::in(20s));
        ASSERT_TRUE(list) << list.error().text;
        const auto found =
            (*list)->find(*Mailbox::parse("a@icloud.com"), {}, true, WallTime{}, Deadline::in(20s));
        ASSERT_TRUE(found) << found.error().text;
        EXPECT_TRUE(found->empty());
      });
    }
  }
}

}  // namespace
}  // namespace icm
