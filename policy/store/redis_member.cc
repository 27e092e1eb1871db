// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_member.h"

namespace icm::redis_member {

std::optional<std::string> text_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) return std::string();
  if (!found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<std::int64_t> number_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) return 0;
  if (!found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

}  // namespace icm::redis_member
