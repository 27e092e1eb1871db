// SPDX-License-Identifier: Apache-2.0
#include "milter/world.h"

#include <array>
#include <chrono>

#include <limits.h>
#include <unistd.h>

#include "policy/store/sqlite_store.h"

namespace icm {
namespace {

constexpr std::chrono::seconds wait_for_store{5};

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

}  // namespace

Result<std::shared_ptr<const World>> World::build(Config config) {
  ICM_TRY(auto list, SqliteSuppressionList::open(config.store.path, Deadline::in(wait_for_store)));
  return over(std::move(config), std::move(list));
}

std::shared_ptr<const World> World::over(Config config,
                                         std::unique_ptr<SuppressionList> suppression) {
  return std::make_shared<const World>(std::move(config), std::move(suppression));
}

World::World(Config config, std::unique_ptr<SuppressionList> suppression)
    : config_(std::move(config)),
      authserv_id_(config_.arrival.authserv_id.empty() ? host_name() : config_.arrival.authserv_id),
      suppression_(std::move(suppression)),
      apple_(config_.apple.domains),
      policies_(config_, Stores{*suppression_}),
      engine_(policies_) {}

}  // namespace icm
