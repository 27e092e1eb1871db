// SPDX-License-Identifier: Apache-2.0
//
// SuppressionBook::undo() on Redis: taking a batch back, an address at a time.
#pragma once

#include "policy/store/redis_shelf.h"

namespace icm {

// Reads all of the list and its history once. Whole for each address and not for all of them: when
// it breaks off, the same undoing once more does the rest. A page, or a change, is waited for until
// RedisWalk::patience is over.
[[nodiscard]] Result<UndoCount> undo_batch(const RedisShelf& shelf, const Batch& batch,
                                           const Deed& deed, Undoing undoing, Deadline deadline);

}  // namespace icm
