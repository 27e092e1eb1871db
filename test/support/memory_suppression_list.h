// SPDX-License-Identifier: Apache-2.0
//
// MemorySuppressionList: a list that a test writes down, decided as every store decides.
#pragma once

#include <utility>

#include "policy/store/store.h"

namespace icm {

// Not for several threads while `entries` or `error` change.
class MemorySuppressionList final : public SuppressionList {
 public:
  MemorySuppressionList() = default;
  explicit MemorySuppressionList(std::vector<Suppression> given) : entries(std::move(given)) {}

  [[nodiscard]] Result<std::vector<Suppression>> find(const Mailbox& mailbox,
                                                      const std::vector<std::string>& scopes,
                                                      bool siblings, WallTime now,
                                                      Deadline) const override {
    if (error) return tl::make_unexpected(*error);
    return entries_in_force(entries, mailbox, scopes, siblings, now);
  }

  std::vector<Suppression> entries;
  std::optional<Error> error;  // when set, the answer to every question
};

}  // namespace icm
