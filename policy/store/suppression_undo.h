// SPDX-License-Identifier: Apache-2.0
//
// Taking back what an import did, or what an outage of Apple's made of the list.
#pragma once

#include "policy/store/sqlite.h"
#include "policy/store/suppression_book.h"

namespace icm {

// SuppressionBook::undo() on an open store. Reads all of the list once.
[[nodiscard]] Result<UndoCount> undo_batch(Database& database, const Batch& batch, const Deed& deed,
                                           Undoing undoing);

}  // namespace icm
