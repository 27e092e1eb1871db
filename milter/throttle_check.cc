// SPDX-License-Identifier: Apache-2.0
#include "milter/throttle_check.h"

#include "policy/store/rate_journal.h"
#include "policy/store/stores.h"

namespace icm {

std::string rate_journal_of(const StoreConfig& store) { return store.path + "-throttle"; }

Status check_throttle_means(const Config& config, const std::string& credentials_directory) {
  ICM_CHECK(open_shared_limiter(config.store, credentials_directory));
  if (config.store.kind == StoreKind::sqlite) {
    ICM_CHECK(RateJournal(rate_journal_of(config.store), [](const std::string&) {}).read());
  }
  ICM_CHECK(open_backoffs(config.store, credentials_directory));
  return {};
}

}  // namespace icm
