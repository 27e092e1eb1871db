// SPDX-License-Identifier: Apache-2.0
//
// What the daemon says of itself, for people.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "milter/ctl/terminal.h"

namespace icm::ctl {

// Both take what status_json() and stats_json() wrote (milter/daemon_status.h), perhaps those of
// another version: what is missing or of another kind is left empty, nothing is trusted.
std::string status_text(const nlohmann::ordered_json& status, const Terminal& terminal);
std::string stats_text(const nlohmann::ordered_json& stats, const Terminal& terminal);

// The sentences of "attention"; none when all is well.
std::vector<std::string> attention_of(const nlohmann::ordered_json& status);

// Members of any answer: empty, 0 or false when they are missing or something else.
std::string text_of(const nlohmann::ordered_json& json, const char* member);
bool flag_of(const nlohmann::ordered_json& json, const char* member);
std::vector<std::string> texts_of(const nlohmann::ordered_json& json, const char* member);

}  // namespace icm::ctl
