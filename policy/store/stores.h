// SPDX-License-Identifier: Apache-2.0
//
// The stores that the configuration names. Nobody else chooses by their kind.
#pragma once

#include <memory>

#include "policy/config/config.h"
#include "policy/store/store.h"
#include "policy/store/suppression_book.h"

namespace icm {

// Brings a store that an earlier release made up to date, where there is one, and tells what an
// operator should know of it: nothing in most cases. The calls below would do it, too, but tell
// nobody.
[[nodiscard]] Result<Notices> prepare_store(const StoreConfig& config, Deadline deadline);

// For judging mail; makes the store where there is none. Code::config says what an administrator
// must change, Code::temporary that the store was not to be had until `deadline`.
[[nodiscard]] Result<std::unique_ptr<SuppressionList>> open_list(const StoreConfig& config,
                                                                 Deadline deadline);

// For keeping the list. Each call of the book returns by `deadline` until it is told another one.
[[nodiscard]] Result<std::unique_ptr<SuppressionBook>> open_book(const StoreConfig& config,
                                                                 Missing missing,
                                                                 Deadline deadline);

}  // namespace icm
