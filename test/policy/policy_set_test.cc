// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_set.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "policy/rules.h"
#include "test/support/memory_suppression_list.h"
#include "test/support/policy_means.h"

namespace icm {
namespace {

std::vector<std::string_view> names_in(const PolicySet& set) {
  std::vector<std::string_view> names;
  for (const ConfiguredPolicy& one : set.policies()) names.push_back(one.policy->name());
  return names;
}

TEST(PolicySet, holds_every_policy_under_its_own_name_in_the_order_of_the_list) {
  Config config;
  config.arc_sealing.mode = Mode::observe;                     // off where there is no key,
  config.consent.mode = config.inactive.mode = Mode::observe;  // and no ledger
  MemorySuppressionList list;
  const PolicySet set(config, means_without_keys(list));
  EXPECT_EQ(names_in(set), policy_names());
  for (const ConfiguredPolicy& one : set.policies()) {
    EXPECT_EQ(one.settings, settings_of(config, one.policy->name()));
    EXPECT_EQ(one.error_rule, fmt::format("{}.error", one.policy->name()));
  }
}

TEST(PolicySet, leaves_out_what_is_off) {
  Config config;
  config.arc_sealing.mode = Mode::observe;
  config.consent.mode = config.inactive.mode = Mode::observe;
  config.format.mode = Mode::off;
  config.format.rules = {{"nul", Mode::enforce}};
  MemorySuppressionList list;
  const auto names = names_in(PolicySet(config, means_without_keys(list)));
  EXPECT_EQ(std::ranges::count(names, "format"), 0);
  EXPECT_EQ(names.size(), policy_names().size() - 1);
}

TEST(PolicySet, knows_no_settings_for_a_name_that_is_no_policy) {
  EXPECT_EQ(settings_of(Config(), "forma"), nullptr);
  EXPECT_EQ(settings_of(Config(), ""), nullptr);
}

TEST(PolicySet, lets_every_policy_have_a_rule_for_its_errors) {
  for (const std::string_view policy : policy_names()) {
    const auto rules = rules_of(policy);
    EXPECT_EQ(std::ranges::count(rules, "error"), 1) << policy;
  }
}

}  // namespace
}  // namespace icm
