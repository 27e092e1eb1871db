// SPDX-License-Identifier: Apache-2.0
//
// EntryMerge: putting one entry where others may be, for whoever holds the write lock of an SQLite
// store; one, or five million after each other.
#pragma once

#include <optional>

#include "policy/store/address_rows.h"

namespace icm {

// Belongs to the Database it was prepared on.
class EntryMerge {
 public:
  struct Put {
    Outcome outcome;
    bool is_written;  // also when nothing was changed, but for a note that it was said again
  };

  [[nodiscard]] static Result<EntryMerge> prepare(Database& database);

  // is_noted_lately() of what stands, in the transaction of put().
  [[nodiscard]] Result<bool> is_noted_lately(const Suppression& entry, WallTime now);

  // Inside one transaction of the caller for all calls. `entry` must have passed check_entry().
  [[nodiscard]] Result<Put> put(const Suppression& entry, std::int64_t deed, WallTime now);

 private:
  EntryMerge(Database& database, AddressRows rows) : database_(&database), rows_(std::move(rows)) {}

  // Whether anybody at all asked to be forgotten: asked once, since it spares most imports a lookup
  // per entry.
  [[nodiscard]] Result<bool> is_anybody_erased();

  Database* database_;
  std::optional<bool> anybody_erased_;
  AddressRows rows_;
};

}  // namespace icm
