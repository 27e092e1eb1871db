// SPDX-License-Identifier: Apache-2.0
#include "policy/rules.h"

namespace icm {

const std::vector<Rule>& all_rules() {
  static const std::vector<Rule> rules = {
#define ICM_RULE(policy, name, sentence) {#policy, name, sentence},
#include "policy/rules.inc"
#undef ICM_RULE
  };
  return rules;
}

std::vector<std::string_view> rules_of(std::string_view policy) {
  std::vector<std::string_view> names;
  for (const Rule& rule : all_rules()) {
    if (rule.policy == policy) names.push_back(rule.name);
  }
  return names;
}

}  // namespace icm
