// SPDX-License-Identifier: Apache-2.0
//
// EntryMerge: the statements that put one entry where others may be, for whoever holds the write
// lock. What one entry or five million of them do to the store is decided here.
#pragma once

#include <optional>

#include "policy/store/sqlite.h"
#include "policy/store/suppression_book.h"

namespace icm {

// Belongs to the Database it was prepared on.
class EntryMerge {
 public:
  [[nodiscard]] static Result<EntryMerge> prepare(Database& database);

  // Inside one transaction of the caller for all calls. `entry` must have passed check_entry().
  [[nodiscard]] Result<Outcome> put(const Suppression& entry, std::int64_t deed, WallTime now);

 private:
  EntryMerge(Database& database, Statement erased, Statement insert, Statement known,
             Statement keep, Statement update, Statement forget_entries, Statement forget_past,
             Statement forget_subscriptions)
      : database_(&database),
        erased_(std::move(erased)),
        insert_(std::move(insert)),
        known_(std::move(known)),
        keep_(std::move(keep)),
        update_(std::move(update)),
        forget_entries_(std::move(forget_entries)),
        forget_past_(std::move(forget_past)),
        forget_subscriptions_(std::move(forget_subscriptions)) {}

  // Whether anybody at all asked to be forgotten: asked once, since it spares most imports a lookup
  // per entry.
  [[nodiscard]] Result<bool> is_anybody_erased();
  [[nodiscard]] Result<bool> is_erased(const Suppression& entry);
  [[nodiscard]] Status forget(const Suppression& entry);
  [[nodiscard]] Result<Outcome> combine(const Suppression& entry, std::int64_t deed, WallTime now);

  Database* database_;
  std::optional<bool> anybody_erased_;
  Statement erased_;
  Statement insert_;
  Statement known_;
  Statement keep_;
  Statement update_;
  Statement forget_entries_;
  Statement forget_past_;
  Statement forget_subscriptions_;
};

}  // namespace icm
