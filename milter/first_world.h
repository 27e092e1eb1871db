// SPDX-License-Identifier: Apache-2.0
//
// What a daemon begins with: its configuration read, its stores opened. What stands in the way, or
// is only worth a warning, is said on standard error: there is no log yet.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "milter/daemon.h"
#include "milter/world.h"
#include "policy/base/clock.h"
#include "policy/config/config_reader.h"

namespace icm {

// Each line with the program's name in front. Safe from any thread.
void complain(std::string_view text);
void complain(const std::vector<ConfigProblem>& problems);

// The configuration and all it names, or nothing when that was complained about. What is only
// warned of goes to `warnings`. With Missing::make a store that is not there yet is made, and a
// socket that another daemon answers on is a fault; Missing::refuse changes nothing.
[[nodiscard]] std::shared_ptr<const World> first_world(const DaemonOptions& options,
                                                       const Clock& clock,
                                                       std::vector<ConfigProblem>& warnings,
                                                       Missing missing);

}  // namespace icm
