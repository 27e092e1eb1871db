// SPDX-License-Identifier: Apache-2.0
#include "milter/wait_budget.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using namespace std::chrono_literals;

TEST(WaitBudget, is_used_up_by_what_is_waited_in_vain_and_fills_again) {
  const WaitBudget::Time::time_point start{};
  WaitBudget budget(start);
  EXPECT_EQ(budget.next(start), WaitBudget::longest);
  EXPECT_EQ(budget.next(start), WaitBudget::longest) << "answers that come cost nothing";
  std::chrono::milliseconds waited{0};
  for (int i = 0; i < 40; ++i) {
    const auto wait = budget.next(start + waited);
    budget.wait_in_vain(wait);
    waited += wait;
  }
  EXPECT_LT(waited, 13s) << "40 silent names, one after the other";
  EXPECT_EQ(budget.next(start + waited), WaitBudget::shortest);
  EXPECT_GE(budget.next(start + waited + 10s), 1s);
  EXPECT_LT(budget.next(start + waited + 10s), WaitBudget::longest);
  EXPECT_EQ(budget.next(start + waited + 1h), WaitBudget::longest);
}

}  // namespace
}  // namespace icm
