// SPDX-License-Identifier: Apache-2.0
#include "milter/world.h"

#include <array>
#include <chrono>

#include <limits.h>
#include <unistd.h>

#include "policy/store/stores.h"
#include "policy/unsubscribe/token_keys.h"
#include "policy/unsubscribe_addition.h"

namespace icm {
namespace {

constexpr std::chrono::seconds wait_for_store{5};

std::string name_of_host() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

// The previous World's, as long as it asks the same servers in the same way.
Result<std::shared_ptr<NameService>> name_service(const DnsConfig& config,
                                                  const std::shared_ptr<NameService>& previous) {
  ICM_TRY(UnboundOptions options, unbound_options(config));
  if (previous != nullptr && previous->has(options)) return previous;
  return NameService::open(std::move(options));
}

RateLimiter* limiter_of(const std::shared_ptr<ThrottleMeans>& throttle) {
  return throttle == nullptr ? nullptr : throttle->limiter();
}

BackoffView* backoffs_of(const std::shared_ptr<ThrottleMeans>& throttle) {
  return throttle == nullptr ? nullptr : throttle->backoffs();
}

}  // namespace

Result<std::shared_ptr<const World>> World::build(Config config,
                                                  const std::shared_ptr<const World>& previous,
                                                  const std::string& credentials_directory) {
  ICM_TRY(auto names, name_service(config.dns, previous == nullptr ? nullptr : previous->names_));
  ICM_TRY(auto list, open_list(config.store, Deadline::in(wait_for_store), credentials_directory));
  std::unique_ptr<Ledger> ledger;
  if (asks_ledger(config)) {
    ICM_TRY(ledger, open_ledger(config.store, Deadline::in(wait_for_store)));
  }
  SealingKeys keys;
  if (config.arc_sealing.mode != Mode::off) {
    ICM_TRY(keys, SealingKeys::load(config.arc_sealing.keys, credentials_directory));
  }
  std::optional<UnsubscribeTokens> unsubscribe;
  if (adds_unsubscribe(config)) {
    ICM_TRY(unsubscribe,
            load_unsubscribe_tokens(config.unsubscribe.key_file, credentials_directory));
  }
  ICM_TRY(auto throttle,
          ThrottleMeans::open(config, previous == nullptr ? nullptr : previous->throttle_,
                              SystemClock().now(), credentials_directory));
  return std::make_shared<const World>(std::move(config), std::move(list), std::move(names),
                                       std::move(keys), Host::ours, std::move(unsubscribe),
                                       std::move(throttle), std::move(ledger));
}

std::shared_ptr<const World> World::over(Config config,
                                         std::unique_ptr<SuppressionList> suppression,
                                         std::unique_ptr<Resolver> resolver,
                                         SealingKeys sealing_keys, Host host,
                                         std::shared_ptr<ThrottleMeans> throttle,
                                         std::unique_ptr<Ledger> ledger) {
  return std::make_shared<const World>(
      std::move(config), std::move(suppression), std::make_shared<NameService>(std::move(resolver)),
      std::move(sealing_keys), host, std::nullopt, std::move(throttle), std::move(ledger));
}

World::World(Config config, std::unique_ptr<SuppressionList> suppression,
             std::shared_ptr<NameService> names, SealingKeys sealing_keys, Host host,
             std::optional<UnsubscribeTokens> unsubscribe, std::shared_ptr<ThrottleMeans> throttle,
             std::unique_ptr<Ledger> ledger)
    : config_(std::move(config)),
      host_name_(host == Host::ours ? name_of_host() : std::string()),
      authserv_id_(config_.arrival.authserv_id.empty() ? name_of_host()
                                                       : config_.arrival.authserv_id),
      suppression_(std::move(suppression)),
      ledger_(std::move(ledger)),
      names_(std::move(names)),
      throttle_(std::move(throttle)),
      sealing_keys_(std::move(sealing_keys)),
      unsubscribe_(std::move(unsubscribe)),
      apple_(config_.apple.domains),
      policies_(config_, PolicyMeans{*suppression_, sealing_keys_, authserv_id_,
                                     limiter_of(throttle_), backoffs_of(throttle_), ledger_.get()}),
      engine_(policies_) {}

}  // namespace icm
