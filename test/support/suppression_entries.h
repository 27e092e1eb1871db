// SPDX-License-Identifier: Apache-2.0
//
// Entries and deeds for tests of the suppression store, short to write.
#pragma once

#include <string>
#include <utility>

#include "policy/store/suppression_book.h"

namespace icm::entries {

inline const WallTime now = *parse_time("2026-11-21T08:00:00Z");

inline Suppression entry(std::string address,
                         SuppressionReason reason = SuppressionReason::unsubscribe,
                         std::string scope = "global") {
  return {.address = std::move(address),
          .scope = std::move(scope),
          .reason = reason,
          .source = "cli",
          .note = {},
          .created = now,
          .expires = reason == SuppressionReason::suspended
                         ? std::optional(now + std::chrono::hours(24 * 30))
                         : std::nullopt};
}

inline Deed deed(Deed::Kind kind = Deed::Kind::add, std::string why = {}) {
  return {.kind = kind, .who = "root", .at = now, .why = std::move(why)};
}

// "bob@icloud.com global unsubscribe"
inline std::string words(const Suppression& one) {
  return fmt::format("{} {} {}", one.address, one.scope, to_string(one.reason));
}

}  // namespace icm::entries
