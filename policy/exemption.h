// SPDX-License-Identifier: Apache-2.0
//
// Which mail a policy of mode enforce does not act on.
#pragma once

#include <string>

#include "policy/base/clock.h"
#include "policy/config/policy_options.h"

namespace icm {

// Why mode enforce is not for this mail: it came otherwise, the day has passed, or it is not among
// the percent.
struct Exemption {
  std::string why;         // empty: it is for this mail
  bool is_of_all = false;  // all mail of its kind is only observed, and counts as such
};

// `bucket`: engine.h: canary_bucket; asked for nothing where percent is 100.
Exemption exemption_of(const PolicyConfig& settings, Origin origin, WallTime now, int bucket);

}  // namespace icm
