// SPDX-License-Identifier: Apache-2.0
//
// Runs a scenario over the wire: the real daemon as a child process, a mail server's side of the
// milter protocol before it.
#pragma once

#include <string>
#include <string_view>

#include "policy/base/clock.h"
#include "policy/base/result.h"
#include "test/support/scenario.h"
#include "test/support/scenario_check.h"

namespace icm {

enum class ScenarioSocket { unix_path, inet, inet6 };

// Starts `program`, holds the conversation, stops it and reads what it logged. The daemon's clock
// is the real one, so the scenario must have been read with a `now` of just now. An Error is a
// daemon that did not start, broke off, or did not end with status 0; it holds what the daemon
// said.
[[nodiscard]] Result<ScenarioTranscript> run_over_wire(const Scenario& scenario,
                                                       const std::string& program,
                                                       ScenarioSocket socket, WallTime now);

}  // namespace icm
