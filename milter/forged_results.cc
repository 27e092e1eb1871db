// SPDX-License-Identifier: Apache-2.0
#include "milter/forged_results.h"

#include <algorithm>

#include "policy/auth/auth_results.h"
#include "policy/auth/authserv_id.h"
#include "policy/base/text.h"
#include "policy/message/header.h"

namespace icm {

void ForgedResults::header(std::string_view name, std::string_view value) {
  if (are_too_many_) return;
  // RFC 5322 §4.5 lets blanks stand before the colon; the mail server counts such a field too.
  if (!equal_ascii(trim(name), auth_results_field)) return;
  ++seen_;
  const bool is_forged = std::ranges::any_of(ids_, [&](std::string_view id) {
    return is_removed_at_arrival({.name = name, .value = value}, id);
  });
  if (!is_forged) return;
  are_too_many_ = occurrences_.size() == most;
  if (!are_too_many_) occurrences_.push_back(seen_);
}

std::vector<HeaderEdit> ForgedResults::removals() const {
  std::vector<HeaderEdit> removals;
  removals.reserve(occurrences_.size());
  for (const int occurrence : occurrences_) {
    removals.push_back({.kind = HeaderEdit::Kind::remove,
                        .name = std::string(auth_results_field),
                        .value = {},
                        .occurrence = occurrence});
  }
  return removals;
}

}  // namespace icm
