// SPDX-License-Identifier: Apache-2.0
#include "policy/store/stores.h"

#include <filesystem>

#include "policy/store/sqlite_book.h"
#include "policy/store/sqlite_store.h"
#include "policy/store/store_file.h"

namespace icm {

Result<Notices> prepare_store(const StoreConfig& config, Deadline deadline) {
  Notices notices;
  if (config.kind != StoreKind::sqlite) return notices;
  std::error_code unknown;
  const auto status = std::filesystem::status(config.path, unknown);
  if (!std::filesystem::is_regular_file(status)) return notices;
  // An empty file is no store yet.
  if (std::filesystem::file_size(config.path, unknown) == 0 || unknown) return notices;
  ICM_CHECK(open_store(config.path, Database::Access::read, Missing::refuse, deadline, &notices));
  return notices;
}

Result<std::unique_ptr<SuppressionList>> open_list(const StoreConfig& config, Deadline deadline) {
  ICM_TRY(auto list, SqliteSuppressionList::open(config.path, deadline));
  return list;
}

Result<std::unique_ptr<SuppressionBook>> open_book(const StoreConfig& config, Missing missing,
                                                   Deadline deadline) {
  return SqliteSuppressionBook::open(config.path, missing, deadline);
}

}  // namespace icm
