// SPDX-License-Identifier: Apache-2.0
#include "policy/store/late_ledger.h"

namespace icm {

Result<Standing> LateLedger::find(const Mailbox& mailbox, const std::vector<std::string>& scopes,
                                  Deadline deadline) const {
  std::shared_ptr<const Ledger> ledger = ledger_.with([](const auto& known) { return known; });
  if (ledger == nullptr) {
    ICM_TRY(ledger, open_(deadline));
    ledger_.with([&](auto& known) { known = ledger; });
  }
  return ledger->find(mailbox, scopes, deadline);
}

}  // namespace icm
