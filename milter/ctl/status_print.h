// SPDX-License-Identifier: Apache-2.0
//
// What the daemon says of itself, for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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
const nlohmann::ordered_json& member_of(const nlohmann::ordered_json& json, const char* name);
std::uint64_t number_of(const nlohmann::ordered_json& json, const char* member);
std::string text_of(const nlohmann::ordered_json& json, const char* member);
bool flag_of(const nlohmann::ordered_json& json, const char* member);
std::vector<std::string> texts_of(const nlohmann::ordered_json& json, const char* member);

// A time of an answer, for people: "2026-11-21 08:15:30Z".
std::string moment(const std::string& rfc3339);

}  // namespace icm::ctl
