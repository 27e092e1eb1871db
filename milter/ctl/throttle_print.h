// SPDX-License-Identifier: Apache-2.0
//
// Limits, pauses and slowdowns, for people.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "milter/ctl/terminal.h"
#include "policy/store/backoff.h"

namespace icm::ctl {

// Takes what throttle_json() wrote (milter/throttle_status.h), perhaps that of another version:
// what is missing or of another kind is left empty, nothing is trusted.
std::string throttle_text(const nlohmann::ordered_json& throttle, const Terminal& terminal);

std::string backoffs_text(const std::vector<Backoff>& backoffs, const Terminal& terminal);

// "pause 192.0.2.7 until 2026-11-21 08:30:31Z, by root: 421 [HCM1]"
std::string one_line(const Backoff& backoff);

}  // namespace icm::ctl
