// SPDX-License-Identifier: Apache-2.0
//
// What a run of a scenario showed, held against what was expected.
#pragma once

#include <string>
#include <vector>

#include "test/support/milter_client_mail.h"
#include "test/support/scenario.h"

namespace icm {

struct ScenarioTranscript {
  std::vector<std::vector<MilterOutcome>> connections;  // one outcome per mail
  std::vector<std::string> decisions;                   // JSON lines, in the order of logging
  std::vector<std::string> lines;                       // the lines for people, one per decision
};

// Every difference, "file:line: expected …, got …". What nobody announced is a difference too: a
// refusal, a change of the message, a decision that belongs to no mail of the scenario.
std::vector<std::string> check(const Scenario& scenario, const ScenarioTranscript& transcript);

}  // namespace icm
