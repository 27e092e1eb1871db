// SPDX-License-Identifier: Apache-2.0
//
// What the members of our sorted sets in Redis are made of: parts that end with a NUL, and JSON
// behind them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "policy/base/clock.h"

namespace icm::redis_member {

using Json = nlohmann::ordered_json;

inline constexpr char end_of_part = '\0';

inline std::int64_t number_of(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime time_of(std::int64_t number) { return WallTime(std::chrono::milliseconds(number)); }

// What is UTF-8 is written as it is; nothing else passes check_entry().
inline std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// A member of this name: empty, or 0, when there is none; nullopt when it is of another kind.
std::optional<std::string> text_in(const Json& json, const char* name);
std::optional<std::int64_t> number_in(const Json& json, const char* name);

// The parts before the JSON, and the JSON.
template <std::size_t count>
std::optional<std::array<std::string_view, count>> parts_of(std::string_view member) {
  std::array<std::string_view, count> parts;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    const std::size_t end = member.find(end_of_part);
    if (end == std::string_view::npos) return std::nullopt;
    parts[i] = member.substr(0, end);
    member.remove_prefix(end + 1);
  }
  parts[count - 1] = member;
  return parts;
}

}  // namespace icm::redis_member
