// SPDX-License-Identifier: Apache-2.0
//
// What a decision was, and what it would have been had nothing been held back.
#pragma once

#include <string_view>

#include "milter/decision_reader.h"
#include "policy/verdict.h"

namespace icm::ctl {

// Words that are none of ours count as accept: they refused nothing.
Disposition disposition_of(std::string_view word);

// More than advice, and nothing done for mail that goes on.
bool is_violation(const FindingRecord& finding);

// A violation that would have done something, had it been enforced.
bool is_held_back(const FindingRecord& finding);

struct Forecast {
  Disposition now = Disposition::accept;
  Disposition if_enforced = Disposition::accept;

  explicit Forecast(const DecisionRecord& decision);
  bool is_refused() const { return now >= Disposition::defer; }
  bool would_be_refused() const { return !is_refused() && if_enforced >= Disposition::defer; }
};

}  // namespace icm::ctl
