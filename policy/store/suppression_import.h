// SPDX-License-Identifier: Apache-2.0
//
// SuppressionImport: millions of entries into the list in an SQLite file, all of them or none.
//
// Entries are first staged in a private file of SQLite's own (it is unlinked while in use, so that
// it never outlives the process), and then merged in the order of the list in one transaction:
// - nothing is seen by anybody before all of it is; a crash leaves the list as it was;
// - readers are never blocked, since the list is in WAL mode;
// - other writers wait only while the merge runs, not while a slow input is being read;
// - in sorted order each page is written once, which makes the merge several times faster.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "policy/store/sqlite.h"
#include "policy/store/suppression_book.h"

namespace icm {

class SuppressionImport final : public ImportJob {
 public:
  // Makes the store when there is none.
  [[nodiscard]] static Result<SuppressionImport> open(const std::string& path, Deadline deadline);

  [[nodiscard]] Status stage(const Suppression& entry) override;
  std::uint64_t staged() const override { return staged_; }
  [[nodiscard]] Result<ImportCount> commit(
      const Deed& deed, Deadline lock, const std::function<void(std::uint64_t)>& progress) override;

 private:
  SuppressionImport(Database database, Statement stage)
      : database_(std::move(database)), stage_(std::move(stage)) {}

  Database database_;
  Statement stage_;
  std::uint64_t staged_ = 0;
};

}  // namespace icm
