// SPDX-License-Identifier: Apache-2.0
//
// LateLedger: a ledger that could not be opened yet, as when its server is away at the start.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "policy/base/guarded.h"
#include "policy/store/ledger.h"

namespace icm {

// Safe from any thread. Lookups open it, those of one moment each for itself; until one of them
// has, each is the Error of that.
class LateLedger final : public Ledger {
 public:
  using Open = std::function<Result<std::unique_ptr<Ledger>>(Deadline)>;
  explicit LateLedger(Open open) : open_(std::move(open)) {}

  [[nodiscard]] Result<Standing> find(const Mailbox& mailbox,
                                      const std::vector<std::string>& scopes,
                                      Deadline deadline) const override;

 private:
  Open open_;
  mutable Guarded<std::shared_ptr<const Ledger>> ledger_{nullptr};  // once it is open
};

}  // namespace icm
