// SPDX-License-Identifier: Apache-2.0
//
// What throttle says of mail that has to wait.
#pragma once

#include <cstdint>
#include <vector>

#include "policy/store/backoff.h"
#include "policy/throttle_plan.h"
#include "policy/verdict.h"

namespace icm {

// Of the charges that were refused, the one that is free last.
Finding used_up(const std::vector<PlannedCharge>& planned, const std::vector<RateUse>& uses,
                std::uint64_t claim, WallTime now);

Finding paused_way(const Backoff& pause, WallTime now);
Finding held_domain(const Backoff& hold, WallTime now);
Finding stopped_template(const Backoff& stop, WallTime now);

// "2026-11-21T09:00:31Z": the first whole second that is not before it.
std::string to_second(WallTime time);

}  // namespace icm
