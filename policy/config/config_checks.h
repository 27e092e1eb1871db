// SPDX-License-Identifier: Apache-2.0
//
// What no single option shows: options that contradict each other, or that together do nothing.
#pragma once

#include <string>
#include <vector>

#include "policy/base/clock.h"
#include "policy/config/config.h"
#include "policy/config/config_places.h"
#include "policy/config/config_reader.h"

namespace icm {

struct CheckFinding {
  ConfigProblem::Severity severity = ConfigProblem::Severity::error;
  YamlPlace place;
  std::string text;
};

// In no order. Says nothing of what `places` knows as unread.
std::vector<CheckFinding> check_config(const Config& config, const ConfigPlaces& places,
                                       WallTime now);

}  // namespace icm
