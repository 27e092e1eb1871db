// SPDX-License-Identifier: Apache-2.0
//
// SqliteLedger: the ledger of consent in the SQLite file of the suppression list, for reading
// beside whoever writes. In one file with the list, since an erasure must take both at once, and
// who was once suppressed is a question to both.
#pragma once

#include <memory>
#include <string>

#include "policy/store/address_forms.h"
#include "policy/store/ledger.h"

namespace icm {

// Safe from any thread. A lookup costs a few microseconds and is never blocked by a writer. Sees
// what other processes commit at once, and a file that was put in the place of the one before.
class SqliteLedger final : public Ledger {
 public:
  // Opens the store, and makes it when there is no file. Refuses, with Code::config, what is not a
  // store of this version or cannot be used by this user; Code::temporary when another process
  // holds it longer than `deadline`.
  [[nodiscard]] static Result<std::unique_ptr<SqliteLedger>> open(const std::string& path,
                                                                  Deadline deadline,
                                                                  AddressForms forms = {});

  // A locked, damaged or vanished file is an Error, never an empty answer.
  [[nodiscard]] Result<Standing> find(const Mailbox& mailbox,
                                      const std::vector<std::string>& scopes,
                                      Deadline deadline) const override;

 private:
  class Pool;
  SqliteLedger(std::shared_ptr<const Pool> pool, AddressForms forms)
      : pool_(std::move(pool)), forms_(std::move(forms)) {}
  std::shared_ptr<const Pool> pool_;  // shared only because a unique_ptr would need the whole type
  AddressForms forms_;
};

}  // namespace icm
