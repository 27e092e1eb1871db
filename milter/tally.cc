// SPDX-License-Identifier: Apache-2.0
#include "milter/tally.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace icm {
namespace {

bool is_expected(std::string_view prediction) {
  return !prediction.empty() && prediction != no_answer_known;
}

}  // namespace

TallyFigures::Count TallyFigures::judged() const {
  return std::accumulate(messages.begin(), messages.end(), Count{0});
}

void Tally::decision(Decision decision) {
  const Verdict& verdict = decision.verdict;
  figures_.with([&](TallyFigures& figures) {
    if (decision.event == Decision::Event::message) {
      ++figures.messages[static_cast<std::size_t>(verdict.disposition)];
      figures.removed_recipients += decision.removed_recipients.size();
      figures.took += decision.took;
      figures.longest = std::max(figures.longest, decision.took);
      figures.latency.took(decision.took);
    } else if (verdict.disposition == Disposition::reject) {
      ++figures.refused_recipients;
    } else if (verdict.disposition == Disposition::defer) {
      ++figures.deferred_recipients;
    }
    ++figures.decided[{decision.event, verdict.disposition, verdict.policy, verdict.rule}];
    for (const Judged& judged : verdict.findings) {
      TallyFigures::Rule& rule = figures.rules[judged.finding.rule];
      ++rule.found;
      if (acts(judged)) ++rule.acted;
      if (is_expected(judged.finding.prediction)) ++rule.predicted;
      if (!judged.finding.disputed.empty()) ++rule.disputed;
    }
  });
  log_.decision(std::move(decision));
}

TallyFigures Tally::figures() const {
  return figures_.with([](const TallyFigures& figures) { return figures; });
}

}  // namespace icm
