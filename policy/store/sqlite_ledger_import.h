// SPDX-License-Identifier: Apache-2.0
//
// SqliteLedgerImport: many subscriptions into the ledger, all of them or none. Staged in a private
// file of SQLite's own and then merged in the ledger's order in one transaction, as
// SuppressionImport does and for its reasons.
#pragma once

#include <string>

#include "policy/store/ledger.h"
#include "policy/store/sqlite.h"

namespace icm {

class SqliteLedgerImport final : public LedgerImport {
 public:
  // Makes the store when there is none.
  [[nodiscard]] static Result<SqliteLedgerImport> open(const std::string& path, Deadline deadline);

  [[nodiscard]] Status stage(const Subscription& subscription, WallTime now) override;
  std::uint64_t staged() const override { return staged_; }
  [[nodiscard]] Result<ImportCount> commit(
      Deadline lock, const std::function<void(std::uint64_t)>& progress) override;

 private:
  SqliteLedgerImport(Database database, Statement stage)
      : database_(std::move(database)), stage_(std::move(stage)) {}

  Database database_;
  Statement stage_;
  std::uint64_t staged_ = 0;
};

}  // namespace icm
