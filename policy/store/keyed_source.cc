// SPDX-License-Identifier: Apache-2.0
#include "policy/store/keyed_source.h"

namespace icm {

bool KeyedSource::hand_over_check_value(const Visit& visit) const {
  return visit({.key = check_value_,
                .scope = "global",
                .reason = SuppressionReason::manual,
                .expires = std::nullopt});
}

Result<std::string> KeyedSource::each(const Visit& visit) {
  if (!hand_over_check_value(visit)) return fail(Code::temporary, "the reading was ended");
  return source_->each(visit);
}

Result<std::optional<std::string>> KeyedSource::changes(const std::string& cursor, std::size_t most,
                                                        const Begin& begin, const Visit& visit,
                                                        Deadline deadline) {
  bool is_told = false;
  return source_->changes(
      cursor, most,
      [&](std::string_view key) {
        // Once, before the first of those that have changed.
        if (!is_told) {
          begin(check_value_);
          hand_over_check_value(visit);
        }
        is_told = true;
        begin(key);
      },
      visit, deadline);
}

}  // namespace icm
