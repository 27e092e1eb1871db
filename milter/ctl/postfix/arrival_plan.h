// SPDX-License-Identifier: Apache-2.0
//
// The part of a plan that is about the arrival: where mail comes in.
#pragma once

#include <string>
#include <vector>

#include "milter/ctl/postfix/wiring_plan.h"

namespace icm::ctl::postfix {

// Adds to `plan`, and to `main_block` what main.cf does not say yet.
void plan_arrival(const Site& site, Plan& plan, std::vector<std::string>& main_block);

}  // namespace icm::ctl::postfix
