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

// Of one of its limits: "50 at once, day 3, slowed to 50 percent until ...".
std::string remark_on(const nlohmann::ordered_json& limit);

// A number of seconds as "15m"; empty when it is none that a limit has.
std::string span_of(const nlohmann::ordered_json& json, const char* member);

// Of throttle_json() or of status_json()'s "throttle": what is paused and slowed, until when, by
// whom and why; empty when nothing is.
std::string held_text(const nlohmann::ordered_json& throttle, const Terminal& terminal);

std::string backoffs_text(const std::vector<Backoff>& backoffs, const Terminal& terminal);

// "pause 192.0.2.7 until 2026-11-21 08:30:31Z, by root: 421 [HCM1]"
std::string one_line(const Backoff& backoff);

}  // namespace icm::ctl
