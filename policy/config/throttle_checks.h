// SPDX-License-Identifier: Apache-2.0
//
// What no single option of `throttle` shows.
#pragma once

#include <vector>

#include "policy/config/config_checks.h"

namespace icm {

// As check_config, for this section alone.
std::vector<CheckFinding> check_throttle(const Config& config, const ConfigPlaces& places);

}  // namespace icm
