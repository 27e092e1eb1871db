// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/forecast.h"

#include <algorithm>

namespace icm::ctl {

Disposition disposition_of(std::string_view word) {
  for (const Disposition one :
       {Disposition::tag, Disposition::quarantine, Disposition::defer, Disposition::reject}) {
    if (to_string(one) == word) return one;
  }
  return Disposition::accept;
}

bool is_violation(const FindingRecord& finding) {
  return finding.weight != "advice" && finding.weight != "service";
}

bool is_held_back(const FindingRecord& finding) {
  return is_violation(finding) && !finding.held_back.empty() &&
         disposition_of(finding.would) != Disposition::accept;
}

Forecast::Forecast(const DecisionRecord& decision)
    : now(disposition_of(decision.verdict)), if_enforced(now) {
  for (const FindingRecord& finding : decision.findings) {
    if (is_held_back(finding)) if_enforced = std::max(if_enforced, disposition_of(finding.would));
  }
}

}  // namespace icm::ctl
