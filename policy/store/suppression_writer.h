// SPDX-License-Identifier: Apache-2.0
//
// SuppressionWriter: adding to the list in an SQLite file and taking from it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "policy/store/sqlite.h"
#include "policy/store/suppression_book.h"

namespace icm {

// One connection; not synchronised. Several writers, in as many processes, take turns: each waits
// for the others until its deadline. Every call is all or nothing. The calls are SuppressionBook's.
class SuppressionWriter {
 public:
  [[nodiscard]] static Result<SuppressionWriter> open(const std::string& path, Missing missing,
                                                      Deadline deadline);
  void wait_until(Deadline deadline);

  [[nodiscard]] Result<Outcome> add(const Suppression& entry, const Deed& deed);
  // In transactions of some hundred entries each.
  [[nodiscard]] Status add_all(const std::vector<Suppression>& entries, const Deed& deed);
  [[nodiscard]] Result<std::vector<Suppression>> remove(const EntryChoice& choice,
                                                        const Deed& deed);
  [[nodiscard]] Result<UndoCount> undo(const Batch& batch, const Deed& deed, Undoing undoing);

 private:
  [[nodiscard]] Status add_some(std::span<const Suppression> entries, const Deed& deed);

  SuppressionWriter(Database database, Deadline deadline)
      : database_(std::move(database)), deadline_(deadline) {}
  Database database_;
  Deadline deadline_;
};

}  // namespace icm
