// SPDX-License-Identifier: Apache-2.0
//
// SqliteLedgerImport: many subscriptions into the ledger, all of them or none, as ImportStage says.
#pragma once

#include <string>

#include "policy/store/import_stage.h"
#include "policy/store/ledger.h"

namespace icm {

class SqliteLedgerImport final : public LedgerImport {
 public:
  // Makes the store when there is none.
  [[nodiscard]] static Result<SqliteLedgerImport> open(const std::string& path, Deadline deadline);

  [[nodiscard]] Status stage(const Subscription& subscription, WallTime now) override;
  std::uint64_t staged() const override { return stage_.rows(); }
  [[nodiscard]] Result<ImportCount> commit(
      Deadline lock, const std::function<void(std::uint64_t)>& progress) override;

 private:
  explicit SqliteLedgerImport(ImportStage stage) : stage_(std::move(stage)) {}
  ImportStage stage_;
};

}  // namespace icm
