// SPDX-License-Identifier: Apache-2.0
//
// SuppressionImport: millions of entries into the list in an SQLite file, all of them or none, as
// ImportStage says.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "policy/store/import_stage.h"
#include "policy/store/suppression_book.h"

namespace icm {

class SuppressionImport final : public ImportJob {
 public:
  // Makes the store when there is none.
  [[nodiscard]] static Result<SuppressionImport> open(const std::string& path, Deadline deadline);

  [[nodiscard]] Status stage(const Suppression& entry) override;
  std::uint64_t staged() const override { return stage_.rows(); }
  [[nodiscard]] Result<ImportCount> commit(
      const Deed& deed, Deadline lock, const std::function<void(std::uint64_t)>& progress) override;

 private:
  explicit SuppressionImport(ImportStage stage) : stage_(std::move(stage)) {}
  ImportStage stage_;
};

}  // namespace icm
