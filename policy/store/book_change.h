// SPDX-License-Identifier: Apache-2.0
//
// BookChange: one change of the SQLite book, with the deed that makes it. Whatever changes the list
// is committed here and nowhere else.
#pragma once

#include "policy/store/sqlite.h"
#include "policy/store/suppression_book.h"

namespace icm {

// Rolled back, the deed with it, unless committed. The Database must outlive it.
class BookChange {
 public:
  // Takes the write lock, and writes the deed down.
  [[nodiscard]] static Result<BookChange> begin(Database& database, const Deed& deed);

  // The number of the deed: what entries refer to.
  std::int64_t deed() const { return deed_; }

  // After this, and not before, the change has been made.
  [[nodiscard]] Status commit();

 private:
  BookChange(Transaction transaction, std::int64_t deed)
      : transaction_(std::move(transaction)), deed_(deed) {}
  Transaction transaction_;
  std::int64_t deed_;
};

}  // namespace icm
