// SPDX-License-Identifier: Apache-2.0
//
// SqliteLedgerImport: many subscriptions into the ledger, all of them or none, as a
// SuppressionImport does it.
#pragma once

#include <string>

#include "policy/store/ledger.h"
#include "policy/store/record_sorter.h"
#include "policy/store/sqlite.h"

namespace icm {

class SqliteLedgerImport final : public LedgerImport {
 public:
  [[nodiscard]] static Result<SqliteLedgerImport> open(const std::string& path, Deadline deadline);

  [[nodiscard]] Status stage(const Subscription& subscription, WallTime now) override;
  std::uint64_t staged() const override { return subscriptions_.size(); }
  [[nodiscard]] Result<ImportCount> commit(
      Deadline lock, const std::function<void(std::uint64_t)>& progress) override;

 private:
  explicit SqliteLedgerImport(Database database) : database_(std::move(database)) {}

  Database database_;
  RecordSorter subscriptions_;
};

}  // namespace icm
