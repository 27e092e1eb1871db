// SPDX-License-Identifier: Apache-2.0
//
// Many backoffs at once.
#pragma once

#include <vector>

#include "policy/store/backoff.h"

namespace icm {

// As BackoffBook::put() for each; of a store of this host in one transaction, so that the disk is
// waited for once.
[[nodiscard]] Status put_all(BackoffBook& book, const std::vector<Backoff>& backoffs,
                             Deadline deadline);

}  // namespace icm
