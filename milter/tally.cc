// SPDX-License-Identifier: Apache-2.0
#include "milter/tally.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace icm {

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
    } else if (verdict.disposition == Disposition::reject) {
      ++figures.refused_recipients;
    } else if (verdict.disposition == Disposition::defer) {
      ++figures.deferred_recipients;
    }
    for (const Judged& judged : verdict.findings) {
      TallyFigures::Rule& rule = figures.rules[judged.finding.rule];
      ++rule.found;
      if (acts(judged)) ++rule.acted;
    }
  });
  log_.decision(std::move(decision));
}

TallyFigures Tally::figures() const {
  return figures_.with([](const TallyFigures& figures) { return figures; });
}

}  // namespace icm
