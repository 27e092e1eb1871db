// SPDX-License-Identifier: Apache-2.0
//
// MemoryLedger: a ledger that a test writes down.
#pragma once

#include <algorithm>
#include <map>
#include <utility>

#include "policy/store/ledger.h"

namespace icm {

// Not for several threads while its members change.
class MemoryLedger final : public Ledger {
 public:
  [[nodiscard]] Result<Standing> find(const Mailbox& mailbox,
                                      const std::vector<std::string>& scopes,
                                      Deadline) const override {
    if (error) return tl::make_unexpected(*error);
    std::vector<Subscription> asked;
    for (const Subscription& one : subscriptions) {
      const bool is_asked =
          one.scope == "global" || std::ranges::find(scopes, one.scope) != scopes.end();
      if (is_asked && one.address == mailbox.key()) asked.push_back(one);
    }
    Standing standing = standing_of(asked);
    standing.left = left;
    return standing;
  }

  std::vector<Subscription> subscriptions;
  std::optional<WallTime> left;  // by everybody
  std::optional<Error> error;    // when set, the answer to every question
};

}  // namespace icm
