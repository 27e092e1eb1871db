// SPDX-License-Identifier: Apache-2.0
//
// Runs a scenario in process: a real Session, Engine and store, without sockets and libmilter.
#pragma once

#include "policy/base/clock.h"
#include "policy/base/result.h"
#include "test/support/scenario.h"
#include "test/support/scenario_check.h"

namespace icm {

// What goes wrong around the milter, to be tried again and again with the next one failing. A
// lookup or change with a number at or above the given one fails; 0: none does.
struct ScenarioFaults {
  int lookups_from = 0;  // of the suppression list
  int changes_from = 0;  // that the mail server is asked for
};

struct ScenarioRun {
  ScenarioTranscript transcript;
  int lookups = 0;  // how many there were, so that a caller knows when every one has failed once
  int changes = 0;
};

// Time stands still at `now`. An Error is a scenario that cannot be run, such as a wrong
// configuration, not a difference.
[[nodiscard]] Result<ScenarioRun> run_in_process(const Scenario& scenario, WallTime now,
                                                 const ScenarioFaults& faults = {});

}  // namespace icm
