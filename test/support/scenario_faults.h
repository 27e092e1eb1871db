// SPDX-License-Identifier: Apache-2.0
//
// Runs a scenario again and again with the 1st, 2nd, 3rd … lookup or change failing.
#pragma once

#include <string>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/result.h"
#include "test/support/scenario.h"

namespace icm {

// What must hold whatever fails: a mail that was refused is still refused or deferred unless the
// policy says on_error accept; a mail that was changed is changed as before or deferred, never sent
// on half changed. Returns what did not hold, each with the fault that showed it.
[[nodiscard]] Result<std::vector<std::string>> run_with_faults(const Scenario& scenario,
                                                               WallTime now);

}  // namespace icm
