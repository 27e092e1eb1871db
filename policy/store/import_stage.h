// SPDX-License-Identifier: Apache-2.0
//
// ImportStage: millions of rows into an SQLite store, all of them or none.
//
// Rows are first staged in a private file of SQLite's own (it is unlinked while in use, so that it
// never outlives the process), and then merged in the order of the store's key in one transaction:
// - nothing is seen by anybody before all of it is; a crash leaves the store as it was;
// - readers are never blocked, since the store is in WAL mode;
// - other writers wait only while the merge runs, not while a slow input is being read;
// - in sorted order each page is written once, which makes the merge several times faster.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "policy/store/sqlite.h"
#include "policy/store/suppression_book.h"

namespace icm {

class ImportStage {
 public:
  // The columns of a row, as SQL lists them, and as many parameters.
  struct Form {
    std::string_view columns;
    std::string_view parameters;
    std::string_view order;  // of the merge
  };

  [[nodiscard]] static Result<ImportStage> open(const std::string& path, Form form,
                                                Deadline deadline);

  // Stages the row that `bind` binds.
  [[nodiscard]] Status put(const std::function<void(Query&)>& bind);

  std::uint64_t rows() const { return rows_; }

  // Ends the staging. From then on the store waits until `lock` for other writers.
  [[nodiscard]] Result<Database*> finish(Deadline lock);

  // After finish(), within the caller's transaction: hands each row to `merge` and counts what
  // became of it. `progress` is told now and then how many are done.
  [[nodiscard]] Result<ImportCount> merge(const std::function<Result<Outcome>(const Query&)>& merge,
                                          const std::function<void(std::uint64_t)>& progress);

  // After the commit: empties the write-ahead log into the store, so that readers need not look
  // through it. Somebody reading just now may prevent it; then a later writer does it.
  void tidy();

 private:
  ImportStage(Database database, Statement insert, Statement sorted)
      : database_(std::move(database)), insert_(std::move(insert)), sorted_(std::move(sorted)) {}

  Database database_;
  Statement insert_;
  Statement sorted_;
  std::uint64_t rows_ = 0;
};

}  // namespace icm
