// SPDX-License-Identifier: Apache-2.0
//
// Whether the options of `replies` make sense together; beside config_checks.
#pragma once

#include <vector>

#include "policy/config/config_checks.h"

namespace icm {

// As check_config, for this section alone.
std::vector<CheckFinding> check_replies(const Config& config, const ConfigPlaces& places);

}  // namespace icm
