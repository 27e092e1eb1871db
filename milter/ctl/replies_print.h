// SPDX-License-Identifier: Apache-2.0
//
// What was learnt from Apple's answers, as text for people and as JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "milter/ctl/terminal.h"
#include "policy/learning/address_hits.h"
#include "policy/learning/alerts.h"
#include "policy/learning/mass_bounce_breaker.h"
#include "policy/learning/reply_samples.h"
#include "policy/learning/reply_tally.h"
#include "policy/learning/ways.h"
#include "policy/replies/reply_table.h"

namespace icm::ctl {

struct LearntSummary {
  Mode mode = Mode::observe;
  WallTime since{};
  WallTime now{};
  std::vector<EntryAnswers> answers;
  std::vector<BreakerOpening> openings;
  std::vector<Way> ways;
  std::vector<Alert> alerts;
  std::int64_t owed = 0;  // addresses that wait to be decided
  int samples = 0;        // answers that are not known
};

std::string summary_text(const LearntSummary& learnt, const ReplyTable& table,
                         const Terminal& terminal);
std::string summary_json(const LearntSummary& learnt, const ReplyTable& table);

// What is asked of a way now; empty when nothing is.
std::string state_of(const Way& way, WallTime now);

std::string hits_text(const std::vector<AddressHit>& hits, const Terminal& terminal);
std::string samples_text(const std::vector<ReplySample>& samples, const Terminal& terminal);
std::string opening_text(const BreakerOpening& opening);

// Lines.
std::string hits_json(const std::vector<AddressHit>& hits);
std::string samples_json(const std::vector<ReplySample>& samples);
std::string alert_json(const Alert& alert);
std::string opening_json(const BreakerOpening& opening);

}  // namespace icm::ctl
