// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/distinct_count.h"

#include <string>

#include <gtest/gtest.h>

namespace icm::ctl {
namespace {

TEST(DistinctCount, counts_each_text_once) {
  DistinctCount count;
  EXPECT_EQ(count.count(), 0u);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100000; ++i) {
      count.add(hash_ignoring_case("user" + std::to_string(i) + "@icloud.com"));
    }
    EXPECT_EQ(count.count(), 100000u);
  }
}

TEST(DistinctCount, takes_any_hash) {
  DistinctCount count;
  for (const std::uint64_t hash : {std::uint64_t{0}, std::uint64_t{2}, ~std::uint64_t{0}}) {
    count.add(hash);
    count.add(hash);
  }
  EXPECT_EQ(count.count(), 3u);
}

TEST(DistinctCount, ignores_the_case_of_ascii_letters_only) {
  EXPECT_EQ(hash_ignoring_case("Bob@iCloud.com"), hash_ignoring_case("bob@icloud.com"));
  EXPECT_NE(hash_ignoring_case("bob@icloud.com"), hash_ignoring_case("bop@icloud.com"));
  EXPECT_NE(hash_ignoring_case("["), hash_ignoring_case("{"));
}

}  // namespace
}  // namespace icm::ctl
