// SPDX-License-Identifier: Apache-2.0
//
// Any octets as SPF records: of example.com, of two names it may include, and of the rest. The
// parser, the evaluator, the walk of the budget and the lint hold; what the guards let through to
// libspf2 is judged as we judge it, and harms nobody.
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/auth/second_opinion.h"
#include "policy/auth/spf_budget.h"
#include "policy/auth/spf_lint.h"
#include "test/fuzz/demand.h"
#include "test/fuzz/lines_resolver.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  using icm::demand;
  const std::string_view lines(reinterpret_cast<const char*>(octets), size);
  icm::LinesResolver resolver(lines, {"example.com", "a.example.com", "b.example.com"});
  const icm::SpfQuestion question{.client = icm::IpAddress::v4({192, 0, 2, 10}),
                                  .helo = "host.example.com",
                                  .mail_from = "local-part@example.com",
                                  .receiver = "unknown",
                                  .now = {}};
  const auto deadline = icm::Deadline::in(std::chrono::seconds{5});
  const icm::SpfResult ours = check_spf(question, resolver, deadline);
  demand(ours.lookups <= icm::spf_max_lookups + 1, "too many lookups");
  demand(ours.void_lookups <= icm::spf_max_void_lookups + 1, "too many void lookups");
  const icm::SpfBudget budget = spf_budget(question, resolver, deadline);
  demand(!budget.records.empty() && budget.records.front().domain == "example.com",
         "the walk begins elsewhere");
  demand(budget.lookups <= 111, "the walk has no end");
  for (const icm::SpfLint& finding : lint_spf(budget))
    demand(!finding.text.empty(), "a finding without words");
  const icm::SecondOpinion opinion = ask_libspf2(question, resolver, deadline);
  demand(opinion.was_asked() || opinion.reason.starts_with("not asked: "), opinion.reason);
  // The library refuses delimiters that RFC 7208 §7.1 has; but what passes here never fails there.
  const std::string words = std::string(to_string(ours.status)) + " " + opinion.result;
  demand(words != "pass fail" && words != "fail pass", ours.problem, opinion.reason);
  return 0;
}
