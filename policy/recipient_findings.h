// SPDX-License-Identifier: Apache-2.0
//
// How findings about single recipients are worded, the same by every policy that has some.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/verdict.h"

namespace icm {

// "2026-11-21": the day of `time`, UTC.
std::string day(WallTime time);

// As one word of a shell: people paste what we print, and `, $ and ! are legal in an address.
std::string shell_word(std::string_view address);

// What the end of a message says when the rule is against some of its recipients and not against
// all: a refusal would bounce it for those, too, who want it. `names` are those it is against, each
// with its evidence, out of `asked` Apple recipients.
Finding advice_about(std::string_view rule, std::vector<std::string> names, std::size_t asked);

}  // namespace icm
