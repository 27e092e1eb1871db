// SPDX-License-Identifier: Apache-2.0
//
// Whether the options of `unsubscribe` make sense, alone and together; beside config_checks.
#pragma once

#include <vector>

#include "policy/config/config_checks.h"

namespace icm {

// Adds to `findings`.
void check_unsubscribe(const Config& config, const ConfigPlaces& places,
                       std::vector<CheckFinding>& findings);

}  // namespace icm
