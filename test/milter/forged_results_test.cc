// SPDX-License-Identifier: Apache-2.0
#include "milter/forged_results.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

std::vector<int> occurrences(const ForgedResults& forged) {
  std::vector<int> places;
  for (const HeaderEdit& edit : forged.removals()) {
    EXPECT_EQ(edit.kind, HeaderEdit::Kind::remove);
    EXPECT_EQ(edit.name, "Authentication-Results");
    places.push_back(edit.occurrence);
  }
  return places;
}

TEST(ForgedResults, finds_eight_that_are_interleaved_with_honest_ones) {
  ForgedResults forged("mx.ours.example");
  for (int i = 0; i < 8; ++i) {
    forged.header("Authentication-Results", " mx.theirs.example; spf=pass");
    forged.header("Subject", " Authentication-Results: mx.ours.example; auth=pass");
    forged.header("authentication-RESULTS", " MX.ours.EXAMPLE; auth=pass");
  }
  EXPECT_EQ(occurrences(forged), (std::vector<int>{2, 4, 6, 8, 10, 12, 14, 16}));
}

TEST(ForgedResults, are_not_hidden_by_any_number_of_fields) {
  ForgedResults forged("mx.ours.example");
  for (int i = 0; i < 100000; ++i) forged.header("X-Filler", " x");
  forged.header("Authentication-Results", " mx.ours.example; auth=pass");
  EXPECT_EQ(occurrences(forged), std::vector<int>{1});
}

// RFC 5322 §4.5: the obsolete form has blanks before the colon, and readers take it.
TEST(ForgedResults, are_found_under_a_name_with_a_blank_behind_it) {
  ForgedResults forged("mx.ours.example");
  forged.header("Authentication-Results ", " other.example; none");
  forged.header("Authentication-Results\t", " mx.ours.example; auth=pass");
  EXPECT_EQ(occurrences(forged), std::vector<int>{2});
}

TEST(ForgedResults, may_pretend_to_be_by_another_host_of_ours) {
  ForgedResults forged("mx.ours.example");
  const std::vector<std::string> others = {"mx2.ours.example", "mx3.ours.example"};
  forged.add_ids(others);
  forged.header("Authentication-Results", " mx3.ours.example; spf=pass");
  forged.header("Authentication-Results", " other.example; spf=pass");
  forged.header("Authentication-Results", " mx.ours.example; spf=pass");
  EXPECT_EQ(occurrences(forged), (std::vector<int>{1, 3}));
}

TEST(ForgedResults, are_counted_up_to_a_bound_and_then_too_many) {
  ForgedResults forged("mx.ours.example");
  for (std::size_t i = 0; i < ForgedResults::most; ++i) {
    forged.header("Authentication-Results", " mx.ours.example; auth=pass");
  }
  EXPECT_FALSE(forged.are_too_many());
  forged.header("Authentication-Results", " other.example; none");
  EXPECT_FALSE(forged.are_too_many());
  for (int i = 0; i < 100000; ++i) {
    forged.header("Authentication-Results", " mx.ours.example; auth=pass");
  }
  EXPECT_TRUE(forged.are_too_many());
  EXPECT_EQ(forged.count(), ForgedResults::most);
  EXPECT_EQ(forged.removals().size(), ForgedResults::most);
}

}  // namespace
}  // namespace icm
