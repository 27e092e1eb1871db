// SPDX-License-Identifier: Apache-2.0
#include "policy/exemption.h"

#include <algorithm>

#include <fmt/format.h>

namespace icm {
namespace {

// A date when it is midnight, the whole time otherwise.
std::string date_of(WallTime time) {
  const std::string text = to_rfc3339(time);
  return text.ends_with("T00:00:00.000Z") ? text.substr(0, text.find('T')) : text;
}

}  // namespace

Exemption exemption_of(const PolicyConfig& settings, Origin origin, WallTime now, int bucket) {
  if (std::ranges::find(settings.origins, origin) == settings.origins.end()) {
    return {.why = fmt::format("origin {}", to_string(origin)), .is_of_all = true};
  }
  if (settings.until && now >= *settings.until) {
    return {.why = fmt::format("until {}", date_of(*settings.until)), .is_of_all = true};
  }
  if (bucket >= settings.percent) {
    return {.why = fmt::format("not among the {} percent", settings.percent)};
  }
  return {};
}

}  // namespace icm
