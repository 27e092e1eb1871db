// SPDX-License-Identifier: Apache-2.0
//
// What no single option of the sections routing, metrics and replies.metrics shows; check_config()
// asks it.
#pragma once

#include <vector>

#include "policy/config/config_checks.h"

namespace icm {

// In no order. Says nothing of what `places` knows as unread.
std::vector<CheckFinding> check_routing(const Config& config, const ConfigPlaces& places);

}  // namespace icm
