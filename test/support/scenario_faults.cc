// SPDX-License-Identifier: Apache-2.0
#include "test/support/scenario_faults.h"

#include <algorithm>

#include "test/support/scenario_in_process.h"

namespace icm {
namespace {

using Kind = MilterChange::Kind;

constexpr int most_faults = 100;  // of one kind; no scenario has so many lookups or changes

bool is_permanent(const MilterAnswer& answer) {
  return answer.kind == MilterAnswer::Kind::reject ||
         (answer.refuses() && answer.text.starts_with('5'));
}

// What a mail with a failing change may become: what it would have been without the failure, or a
// deferral. `whole` is the run without faults.
void compare_changes(const MilterOutcome& whole, const MilterOutcome& faulty,
                     std::string_view where, std::vector<std::string>& differences) {
  const bool is_deferred = faulty.answer.refuses() && !is_permanent(faulty.answer);
  if (is_deferred || faulty == whole) return;
  differences.push_back(
      fmt::format("{}: expected the mail as it was or deferred, got {} {} with {} of {} changes",
                  where, to_string(faulty.answer.kind), faulty.answer.text, faulty.changes.size(),
                  whole.changes.size()));
}

bool lets_errors_pass(const Scenario& scenario) {
  const std::vector<std::string> option = {"suppression", "on_error"};
  return std::ranges::any_of(scenario.settings, [&](const ScenarioSetting& setting) {
    return setting.path == option && setting.value == "accept";
  });
}

// A lookup that fails may defer what was accepted; it never refuses for good what was not refused
// before, and lets nothing pass that was refused.
void compare_lookups(const MilterOutcome& whole, const MilterOutcome& faulty,
                     std::string_view where, std::vector<std::string>& differences) {
  for (std::size_t i = 0; i < std::min(whole.recipients.size(), faulty.recipients.size()); ++i) {
    const MilterAnswer& expected = whole.recipients[i];
    const MilterAnswer& got = faulty.recipients[i];
    if (expected.refuses() && !got.refuses()) {
      differences.push_back(fmt::format("{}: recipient {} passes", where, i + 1));
    }
    if (is_permanent(got) && !is_permanent(expected)) {
      differences.push_back(fmt::format("{}: recipient {} is refused for good: {}", where, i + 1,
                                        faulty.recipients[i].text));
    }
  }
  if (is_permanent(faulty.answer) && !is_permanent(whole.answer)) {
    differences.push_back(
        fmt::format("{}: the mail is refused for good: {}", where, faulty.answer.text));
  }
}

// Calls `compare` for each mail of both runs.
template <class Compare>
void compare_runs(const ScenarioRun& whole, const ScenarioRun& faulty, std::string_view fault,
                  std::vector<std::string>& differences, Compare compare) {
  for (std::size_t i = 0; i < whole.transcript.connections.size(); ++i) {
    const auto& expected = whole.transcript.connections[i];
    const auto& got = faulty.transcript.connections[i];
    for (std::size_t j = 0; j < expected.size(); ++j) {
      compare(expected[j], got[j], fmt::format("{}, connection {}, mail {}", fault, i + 1, j + 1),
              differences);
    }
  }
}

}  // namespace

Result<std::vector<std::string>> run_with_faults(const Scenario& scenario, WallTime now) {
  std::vector<std::string> differences;
  ICM_TRY(const ScenarioRun whole, run_in_process(scenario, now));
  if (whole.lookups > most_faults || whole.changes > most_faults) {
    return fail(Code::permanent,
                fmt::format("{}: more than {} lookups or changes", scenario.file, most_faults));
  }
  for (int from = 1; from <= whole.changes; ++from) {
    ICM_TRY(const ScenarioRun faulty, run_in_process(scenario, now, {.changes_from = from}));
    compare_runs(whole, faulty, fmt::format("changes fail from number {}", from), differences,
                 compare_changes);
  }
  for (int from = 1; from <= whole.lookups && !lets_errors_pass(scenario); ++from) {
    ICM_TRY(const ScenarioRun faulty, run_in_process(scenario, now, {.lookups_from = from}));
    compare_runs(whole, faulty, fmt::format("lookups fail from number {}", from), differences,
                 compare_lookups);
  }
  return differences;
}

}  // namespace icm
