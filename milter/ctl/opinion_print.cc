// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/opinion_print.h"

#include <fmt/format.h>

#include "milter/ctl/terminal.h"

namespace icm::ctl {

using nlohmann::ordered_json;

ordered_json to_json(const SecondOpinion& opinion, Agreement agreement) {
  ordered_json json = {
      {"result", nullptr}, {"reason", opinion.reason}, {"agreement", icm::to_string(agreement)}};
  if (opinion.was_asked()) json["result"] = opinion.result;
  return json;
}

std::string to_line(const SecondOpinion& opinion, Agreement agreement) {
  if (!opinion.was_asked()) return clean(opinion.reason);
  return fmt::format("{}{}{}", opinion.result,
                     agreement == Agreement::disputed ? " (disputes it)" : "",
                     opinion.reason.empty() ? "" : "  " + clean(opinion.reason));
}

ordered_json to_json(const SpfBudget& budget, const SpfResult& result) {
  ordered_json json = {{"lookups", result.lookups},
                       {"worst_case_lookups", budget.lookups},
                       {"lookup_limit", spf_max_lookups},
                       {"void_lookups", result.void_lookups},
                       {"worst_case_void_lookups", budget.void_lookups},
                       {"void_lookup_limit", spf_max_void_lookups}};
  json["branches"] = ordered_json::array();
  for (const SpfBranch& branch : budget.branches) {
    json["branches"].push_back({{"domain", branch.domain},
                                {"term", branch.term},
                                {"target", branch.target},
                                {"depth", branch.depth},
                                {"lookups", branch.lookups},
                                {"void_lookups", branch.void_lookups},
                                {"problem", branch.problem}});
  }
  json["problems"] = budget.problems;
  return json;
}

ordered_json to_json(const std::vector<SpfLint>& lint) {
  ordered_json json = ordered_json::array();
  for (const SpfLint& finding : lint) {
    json.push_back({{"kind", icm::to_string(finding.kind)},
                    {"domain", finding.domain},
                    {"text", finding.text}});
  }
  return json;
}

void print_budget(const SpfBudget& budget, const SpfResult& result) {
  fmt::print("  lookups      {} of {}, worst case {}; void {} of {}, worst case {}\n",
             result.lookups, spf_max_lookups, budget.lookups, result.void_lookups,
             spf_max_void_lookups, budget.void_lookups);
  for (const SpfBranch& branch : budget.branches) {
    fmt::print("               {:{}}{}: {}\n", "", 2 * branch.depth, clean(branch.term),
               branch.problem.empty() ? fmt::format("{}", branch.lookups) : clean(branch.problem));
  }
  for (const std::string& problem : budget.problems)
    fmt::print("  unknown      {}\n", clean(problem));
}

void print_lint(const std::vector<SpfLint>& lint) {
  for (const SpfLint& finding : lint)
    fmt::print("  lint         {}: {}\n", clean(finding.domain), clean(finding.text));
}

}  // namespace icm::ctl
