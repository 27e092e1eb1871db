// SPDX-License-Identifier: Apache-2.0
//
// SuppressionImport: millions of entries into the list in an SQLite file, all of them or none.
//
// They are sorted first, and then merged in the order of the store's key in one transaction:
// - nothing is seen by anybody before all of it is; a crash leaves the store as it was;
// - readers are never blocked, since the store is in WAL mode;
// - other writers wait only while the merge runs, not while a slow input is being read;
// - in sorted order each page is written once, which makes the merge several times faster.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "policy/store/record_sorter.h"
#include "policy/store/sqlite.h"
#include "policy/store/suppression_book.h"

namespace icm {

class SuppressionImport final : public ImportJob {
 public:
  [[nodiscard]] static Result<SuppressionImport> open(const std::string& path, Deadline deadline);

  [[nodiscard]] Status stage(const Suppression& entry) override;
  std::uint64_t staged() const override { return entries_.size(); }
  [[nodiscard]] Result<ImportCount> commit(
      const Deed& deed, Deadline lock, const std::function<void(std::uint64_t)>& progress) override;

 private:
  explicit SuppressionImport(Database database) : database_(std::move(database)) {}

  Database database_;
  RecordSorter entries_;
};

}  // namespace icm
