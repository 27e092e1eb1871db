// SPDX-License-Identifier: Apache-2.0
#include "policy/store/record_sorter.h"

#include <algorithm>
#include <csignal>
#include <random>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "test/support/child_process.h"

namespace icm {
namespace {

std::vector<std::string> sorted(RecordSorter sorter, const std::vector<std::string>& given) {
  for (const std::string& one : given) EXPECT_TRUE(sorter.add(one));
  EXPECT_EQ(sorter.size(), given.size());
  EXPECT_TRUE(sorter.sort());
  std::vector<std::string> all;
  for (;;) {
    const auto next = sorter.next();
    EXPECT_TRUE(next) << next.error().text;
    if (!next || !*next) return all;
    all.emplace_back(**next);
  }
}

// Of all octets and lengths, many of them twice, and many with the same beginning.
std::vector<std::string> many(int count) {
  std::mt19937 random(11);
  std::vector<std::string> records;
  for (int i = 0; i < count; ++i) {
    std::string record = random() % 2 == 0 ? "the same beginning" : "";
    for (auto left = random() % 20; left > 0; --left) record += static_cast<char>(random() % 256);
    records.push_back(record);
    if (random() % 4 == 0) records.push_back(record);
  }
  return records;
}

TEST(RecordSorter, gives_back_what_it_was_given_in_the_order_of_the_octets) {
  const std::vector<std::string> given = many(3000);
  std::vector<std::string> expected = given;
  std::ranges::sort(expected);
  EXPECT_EQ(sorted(RecordSorter(), given), expected) << "in memory";
  EXPECT_EQ(sorted(RecordSorter(4000), given), expected) << "by way of the file";
}

TEST(RecordSorter, takes_records_that_are_larger_than_its_room_and_its_buffers) {
  const std::string large(600'000, 'b');
  EXPECT_EQ(sorted(RecordSorter(10), {large, "c", large, "a"}),
            (std::vector<std::string>{"a", large, large, "c"}));
}

TEST(RecordSorter, has_nothing_when_it_was_given_nothing) {
  EXPECT_EQ(sorted(RecordSorter(), {}), std::vector<std::string>());
}

TEST(RecordSorter, says_so_when_the_file_may_not_grow) {
  const std::string error = in_child([] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 64 * 1024, .rlim_max = 64 * 1024};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return std::string("setrlimit failed");
    RecordSorter sorter(10'000);
    const std::string record(1000, 'r');
    for (int i = 0; i < 1000; ++i) {
      const Status added = sorter.add(record);
      if (!added) return added.error().text;
    }
    return std::string("it grew");
  });
  EXPECT_EQ(error, "the import's temporary file: cannot be written: File too large");
}

}  // namespace
}  // namespace icm
