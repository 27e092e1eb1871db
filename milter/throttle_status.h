// SPDX-License-Identifier: Apache-2.0
//
// What the daemon says of its limits (icloud-milterctl throttle show).
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "milter/world.h"
#include "policy/base/clock.h"

namespace icm {

// One JSON object on one line of ASCII:
//   protocol, now, mode, counted_for ("host", "fleet", or "alone" while the fleet's store is away),
//   problem (why the counters could not be asked, or empty),
//   limits[{name, subject, rule, mode, count, amount, usable, within_seconds, window, burst, used,
//     free_at, warm_up{day, cap, grown} or null, slowed{percent, until, by, why} or null}],
//   each[{name, per, count, amount, within_seconds}]: limits with a counter for each sender, login
//     or recipient, which nobody counts together,
//   backoffs[{kind, subject, percent, every_seconds, since, until, by, why}]: those in force
// window is "sliding" or "utc-day"; free_at is null where a unit is free now.
std::string throttle_json(const World& world, WallTime now);

// What of that everybody should know who asks how the daemon is:
//   mode, problem (why it is not known what is paused, or empty),
//   backoffs[…]: as above, the pauses and slowdowns of addresses,
//   others{recipient, domain, template}: how many of these are held or slowed besides
nlohmann::ordered_json throttle_summary(const World& world, WallTime now);

}  // namespace icm
