// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/words.h"

#include <gtest/gtest.h>

#include "test/milter/ctl/report/facts_of_tests.h"

namespace icm::ctl::report {
namespace {

TEST(ChangeWords, say_how_much_more_or_less_it_is) {
  struct Case {
    std::uint64_t now, before;
    std::string_view words;
  };
  for (const auto& [now, before, words] :
       {Case{0, 0, ""}, Case{5, 5, "as before"}, Case{5, 0, "new"}, Case{0, 5, "none now"},
        Case{108, 100, "up 8.0%"}, Case{1001, 1000, "up 0.1%"}, Case{50, 100, "down 50%"},
        Case{299, 100, "up 199%"}, Case{300, 100, "3.0 times as many"}}) {
    EXPECT_EQ(change_words(now, before), words) << now << " / " << before;
  }
}

TEST(ShareWords, keep_all_for_all_and_nothing_for_nothing) {
  EXPECT_EQ(share_words(0, 0), "0%");
  EXPECT_EQ(share_words(0, 10), "0%");
  EXPECT_EQ(share_words(1, 1'000'000), "0.1%");
  EXPECT_EQ(share_words(999'999, 1'000'000), "99.9%");
  EXPECT_EQ(share_words(10, 10), "100%");
}

TEST(TimeWords, are_of_utc_to_the_minute) {
  EXPECT_EQ(time_words(at("2026-02-01T08:05:59.999Z")), "1 Feb 2026, 08:05");
  EXPECT_EQ(step_words(std::chrono::hours{6}), "6 hours");
  EXPECT_EQ(step_words(std::chrono::hours{24}), "day");
  EXPECT_EQ(step_words(std::chrono::minutes{30}), "30 minutes");
}

TEST(ReadingOf, tells_a_prediction_that_was_met_from_one_that_was_not) {
  const auto read = [](std::uint64_t stopped, std::uint64_t sent, std::uint64_t answered) {
    return reading_of({.entry = "",
                       .meaning = "",
                       .is_success = false,
                       .predicted_stopped = stopped,
                       .predicted_sent = sent,
                       .answered = answered,
                       .answered_before = 0});
  };
  EXPECT_EQ(read(0, 1, 1), "as predicted");
  EXPECT_EQ(read(0, 0, 1), "unforeseen");
  EXPECT_EQ(read(1, 0, 1), "partly kept back");
  EXPECT_EQ(read(1, 1, 0), "not met");
  EXPECT_EQ(read(1, 0, 0), "kept back");
  EXPECT_EQ(read(0, 0, 0), "no more");
}

TEST(AnswersWords, count_what_was_taken_and_what_was_foreseen) {
  EXPECT_EQ(answers_words(busy_day().replies),
            "1,000 answers of Apple's were learnt: 99.0% took the mail, 10 did not; 10 of these "
            "are of a kind that was predicted here for mail that went on.");
  EXPECT_EQ(answers_words({}), "No answer of Apple's was learnt in this span.");
}

}  // namespace
}  // namespace icm::ctl::report
