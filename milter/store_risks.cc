// SPDX-License-Identifier: Apache-2.0
#include "milter/store_risks.h"

#include "policy/store/redis_risks.h"
#include "policy/store/stores.h"

namespace icm {

std::vector<std::string> store_risks(const StoreConfig& store,
                                     const std::string& credentials_directory, Deadline deadline) {
  if (store.kind != StoreKind::redis) return {};
  const auto options = redis_options(store.redis, credentials_directory);
  if (!options) return {};
  auto risks = redis_risks(*options, deadline);
  if (!risks) return {};
  return *std::move(risks);
}

}  // namespace icm
