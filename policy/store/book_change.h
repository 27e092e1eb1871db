// SPDX-License-Identifier: Apache-2.0
//
// BookChange: one change of the SQLite book, with the deed that makes it. Whatever changes the list
// is committed here and nowhere else.
#pragma once

#include "policy/store/change_log.h"
#include "policy/store/generation.h"
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

  // What stands for `address` is changed by this: whoever keeps the list in memory reads it again.
  // Without one such call they read the whole list again.
  // Called once for each entry, it also counts them for whoever reviews the deed.
  [[nodiscard]] Status note(std::string_view address);

  // Nothing refers to the deed: it is not kept.
  [[nodiscard]] Status withdraw_deed();

  // An entry was said again and holds as before: nobody need read it again.
  void note_confirmation() { has_confirmed_ = true; }

  bool is_any() const { return entries_ > 0 || has_confirmed_; }

  // After this, and not before, the change has been made, and no lookup on this host answers from
  // what was before.
  [[nodiscard]] Status commit();

 private:
  BookChange(Database& database, Generation generation, Transaction transaction, ChangeLog log,
             std::int64_t deed)
      : database_(&database),
        generation_(std::move(generation)),
        transaction_(std::move(transaction)),
        log_(std::move(log)),
        deed_(deed) {}

  Database* database_;
  Generation generation_;
  Transaction transaction_;
  ChangeLog log_;
  std::int64_t deed_;
  std::int64_t entries_ = 0;
  bool has_confirmed_ = false;
};

}  // namespace icm
