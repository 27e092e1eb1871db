// SPDX-License-Identifier: Apache-2.0
//
// LedgerMerge: the one place where a subscription meets what the ledger knows, for whoever holds
// the write lock.
#pragma once

#include "policy/store/ledger.h"
#include "policy/store/sqlite.h"

namespace icm {

// The Database must outlive it.
class LedgerMerge {
 public:
  [[nodiscard]] static Result<LedgerMerge> prepare(Database& database);

  // Inside one transaction of the caller for all calls. `subscription` must have passed
  // check_subscription(). Unchanged, too, for a person who asked to be forgotten.
  [[nodiscard]] Result<Outcome> put(const Subscription& subscription);

 private:
  LedgerMerge(Database& database, Statement erased, Statement insert, Statement known,
              Statement update)
      : database_(&database),
        erased_(std::move(erased)),
        insert_(std::move(insert)),
        known_(std::move(known)),
        update_(std::move(update)) {}

  Database* database_;
  Statement erased_;
  Statement insert_;
  Statement known_;
  Statement update_;
};

}  // namespace icm
