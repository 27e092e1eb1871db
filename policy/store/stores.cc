// SPDX-License-Identifier: Apache-2.0
#include "policy/store/stores.h"

#include "policy/store/sqlite_book.h"
#include "policy/store/sqlite_store.h"

namespace icm {

Result<std::unique_ptr<SuppressionList>> open_list(const StoreConfig& config, Deadline deadline) {
  ICM_TRY(auto list, SqliteSuppressionList::open(config.path, deadline));
  return list;
}

Result<std::unique_ptr<SuppressionBook>> open_book(const StoreConfig& config, Missing missing,
                                                   Deadline deadline) {
  return SqliteSuppressionBook::open(config.path, missing, deadline);
}

}  // namespace icm
