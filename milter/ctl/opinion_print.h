// SPDX-License-Identifier: Apache-2.0
//
// Second opinions, the lookup budget and lint, as the commands spf and verify show them.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "policy/auth/second_opinion.h"
#include "policy/auth/spf_budget.h"
#include "policy/auth/spf_lint.h"

namespace icm::ctl {

// {"result": "pass", "reason": "…", "agreement": "confirmed"}; no result when it was not asked.
nlohmann::ordered_json to_json(const SecondOpinion& opinion, Agreement agreement);

// "fail (disputes it)  its own words", or why it was not asked; for a terminal.
std::string to_line(const SecondOpinion& opinion, Agreement agreement);

// The members `budget` and `lint`.
nlohmann::ordered_json to_json(const SpfBudget& budget, const SpfResult& result);
nlohmann::ordered_json to_json(const std::vector<SpfLint>& lint);

// "9 of 10, worst case 12; …", a line for each branch, a line for each finding.
void print_budget(const SpfBudget& budget, const SpfResult& result);
void print_lint(const std::vector<SpfLint>& lint);

}  // namespace icm::ctl
