// SPDX-License-Identifier: Apache-2.0
#include "policy/replies/pattern_set.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

TEST(PatternSet, names_all_patterns_that_match_in_their_order) {
  const PatternSet set = PatternSet::make({"b+", "nothing", "A", "^c"}).value();
  EXPECT_EQ(set.matches("xabb"), (std::vector<int>{0, 2}));
  EXPECT_EQ(set.matches("cab"), (std::vector<int>{0, 2, 3}));
  EXPECT_EQ(set.matches(""), std::vector<int>());
}

TEST(PatternSet, of_nothing_matches_nothing) {
  EXPECT_EQ(PatternSet::make({}).value().matches("a"), std::vector<int>());
}

TEST(PatternSet, takes_no_pattern_that_is_none_too_long_or_too_large) {
  EXPECT_EQ(check_pattern("[").error(),
            (Error{Code::config, "is no regular expression: missing ]: ["}));
  EXPECT_EQ(check_pattern(std::string(2001, 'a')).error(),
            (Error{Code::config, "expected at most 2000 octets, got 2001"}));
  EXPECT_FALSE(check_pattern("((a{1,100}){1,100}){1,100}b").has_value());
  EXPECT_EQ(check_pattern("a?").error(),
            (Error{Code::config, "matches the empty text, and so every reply"}));
}

}  // namespace
}  // namespace icm
