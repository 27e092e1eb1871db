// SPDX-License-Identifier: Apache-2.0
//
// A Suppression as columns of a row, the same way in every statement.
#pragma once

#include <string>

#include "policy/store/sqlite.h"
#include "policy/store/store.h"

// The columns of an entry, in the order in which the functions below count them.
#define ICM_ENTRY_COLUMNS                                                                          \
  "address, scope, reason, source, note, created, expires, pattern, reply, queue_id, first_seen, " \
  "last_seen, count, confirmed"
// The parameters that bind_entry() binds, and the first one behind them.
#define ICM_ENTRY_PARAMETERS "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14"
#define ICM_BEHIND_ENTRY "?15"

namespace icm {

constexpr int entry_columns = 14;
constexpr int behind_entry = entry_columns + 1;

std::int64_t stored_time(WallTime time);
WallTime time_of_store(std::int64_t stored);

// The entry in columns `first`, `first` + 1, … of the current row. An Error for a reason that this
// release does not know; `path` says where.
[[nodiscard]] Result<Suppression> entry_of_row(const Query& query, const std::string& path,
                                               int first = 0);

// Binds `entry` to ICM_ENTRY_PARAMETERS. It must live until the query ends.
void bind_entry(Query& query, const Suppression& entry);

}  // namespace icm
