// SPDX-License-Identifier: Apache-2.0
//
// SuppressionImport: millions of entries into the list, all of them or none.
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

#include "policy/store/suppression_writer.h"

namespace icm {

struct ImportCount {
  std::uint64_t added = 0;
  std::uint64_t changed = 0;
  std::uint64_t unchanged = 0;  // also those that stand in the input again
  bool operator==(const ImportCount&) const = default;
};

// One connection; not synchronised. Destroyed before commit(), it leaves no trace.
class SuppressionImport {
 public:
  // Makes the store when there is none.
  [[nodiscard]] static Result<SuppressionImport> open(const std::string& path, Deadline deadline);

  // Code::syntax when check_entry() refuses the entry, which is then not staged and the import may
  // go on; any other Error ends it.
  [[nodiscard]] Status stage(const Suppression& entry);
  std::uint64_t staged() const { return staged_; }

  // Merges what was staged; `progress` is told now and then how many entries are done. Waits until
  // `lock` for other writers. Once only.
  [[nodiscard]] Result<ImportCount> commit(const Deed& deed, Deadline lock,
                                           const std::function<void(std::uint64_t)>& progress);

 private:
  SuppressionImport(Database database, Statement stage)
      : database_(std::move(database)), stage_(std::move(stage)) {}

  Database database_;
  Statement stage_;
  std::uint64_t staged_ = 0;
};

}  // namespace icm
