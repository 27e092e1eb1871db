// SPDX-License-Identifier: Apache-2.0
#include "milter/store_risks.h"

#include <fmt/format.h>

#include "policy/store/redis_risks.h"
#include "policy/store/stores.h"

namespace icm {
namespace {

std::vector<std::string> addresses_left(const StoreConfig& store,
                                        const std::string& credentials_directory,
                                        Deadline deadline) {
  if (is_first_start(store)) return {};
  const auto hashing = open_hashing(store, credentials_directory);
  if (!hashing || *hashing == nullptr) return {};
  const auto unhashed = (*hashing)->unhashed(deadline);
  if (!unhashed || *unhashed == 0) return {};
  return {
      fmt::format("{}: {} {} an address that is not hashed; icloud-milterctl suppress hash "
                  "hashes what was there before store.hash_key_file",
                  store_place(store), *unhashed, *unhashed == 1 ? "entry has" : "entries have")};
}

}  // namespace

std::vector<std::string> store_risks(const StoreConfig& store,
                                     const std::string& credentials_directory, Deadline deadline) {
  std::vector<std::string> risks = addresses_left(store, credentials_directory, deadline);
  if (store.kind != StoreKind::redis) return risks;
  const auto options = redis_options(store.redis, credentials_directory);
  if (!options) return risks;
  const auto of_servers = redis_risks(*options, deadline);
  if (of_servers) risks.insert(risks.end(), of_servers->begin(), of_servers->end());
  return risks;
}

}  // namespace icm
