// SPDX-License-Identifier: Apache-2.0
#include "milter/world.h"

#include <array>
#include <chrono>

#include <limits.h>
#include <unistd.h>

#include "milter/throttle_check.h"
#include "policy/store/snapshot_list.h"
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

// What is wrong with the store, with the option that names it in front. What is remembered of a
// list in Redis is beside store.path.
template <class T>
Result<T> of_store(const StoreConfig& config, Result<T> result) {
  if (result) return result;
  const bool is_of_file =
      config.kind == StoreKind::sqlite || result.error().text.starts_with(config.path);
  return fail_at(is_of_file ? "store.path" : "store.redis.servers", result.error());
}

// To be opened, since the one in use is of another store.
Result<std::shared_ptr<SnapshotSuppressionList>> another_list(
    const StoreConfig& config, const World* previous, const std::string& credentials_directory) {
  const Deadline deadline = Deadline::in(wait_for_store);
  // Another store than the one in use must be there: with a path that was misspelt, an empty list
  // would take the place of the one that holds. What is known of the one at the start may do.
  if (previous == nullptr && is_first_start(config)) {
    ICM_CHECK(of_store(config, make_store(config, deadline, credentials_directory)));
  }
  const StandIn stand_in = previous == nullptr ? StandIn::allowed : StandIn::none;
  return of_store(config, open_snapshot_list(config, deadline, credentials_directory, stand_in));
}

// Where what is known of the list answers for a store that is away, the ledger may come later.
StandIn stand_in_of(const StoreConfig& config,
                    const std::shared_ptr<SnapshotSuppressionList>& snapshot) {
  const bool is_away = snapshot != nullptr && !snapshot->state().away.empty();
  return is_away && config.while_away == WhileAway::snapshot ? StandIn::allowed : StandIn::none;
}

std::shared_ptr<AppleByMx> judge_by_mx(const RoutingConfig& config, NameService& names) {
  if (!config.by_mx) return nullptr;
  return std::make_shared<AppleByMx>(config, names.sources().resolver);
}

// Whether the store can be opened without anything being made or changed in it.
Result<bool> is_as_it_will_be(const StoreConfig& config) {
  if (is_first_start(config)) return false;
  ICM_TRY(const Notices changes,
          of_store(config, review_store(config, Deadline::in(wait_for_store))));
  return changes.empty();
}

}  // namespace

Result<std::shared_ptr<const World>> World::build(Config config,
                                                  const std::shared_ptr<const World>& previous,
                                                  const std::string& credentials_directory,
                                                  Missing missing) {
  ICM_TRY(auto names, name_service(config.dns, previous == nullptr ? nullptr : previous->names_));
  std::shared_ptr<SuppressionList> list;
  std::shared_ptr<SnapshotSuppressionList> snapshot;
  ICM_TRY(RedisLogin login, store_login(config.store, credentials_directory));
  bool is_ready = true;
  if (missing == Missing::refuse) {
    ICM_TRY(is_ready, is_as_it_will_be(config.store));
    list = empty_list();
    if (is_ready) {
      ICM_TRY(list, of_store(config.store,
                             open_list(config.store, Missing::refuse, Deadline::in(wait_for_store),
                                       credentials_directory)));
    }
  } else if (previous != nullptr && previous->snapshot_ != nullptr &&
             previous->config_.store == config.store && previous->store_login_ == login) {
    list = snapshot = previous->snapshot_;
  } else {
    ICM_TRY(snapshot, another_list(config.store, previous.get(), credentials_directory));
    list = snapshot;
  }
  std::unique_ptr<Ledger> ledger;
  if (asks_ledger(config) && is_ready) {
    ICM_TRY(ledger, open_ledger(config.store, Deadline::in(wait_for_store), credentials_directory,
                                stand_in_of(config.store, snapshot)));
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
  const bool asks_as_before = previous != nullptr && previous->names_ == names &&
                              previous->config_.routing == config.routing;
  auto routes = asks_as_before ? previous->by_mx_ : judge_by_mx(config.routing, *names);
  const WallTime now = SystemClock().now();
  auto throttle = ThrottleMeans::in_memory(now);
  if (is_ready && missing == Missing::refuse) {
    ICM_CHECK(check_throttle_means(config, credentials_directory));
  } else if (is_ready) {
    ICM_TRY(throttle,
            ThrottleMeans::open(config, previous == nullptr ? nullptr : previous->throttle_, now,
                                credentials_directory));
  }
  return std::make_shared<const World>(std::move(config),
                                       Parts{.suppression = std::move(list),
                                             .snapshot = std::move(snapshot),
                                             .store_login = std::move(login),
                                             .ledger = std::move(ledger),
                                             .names = std::move(names),
                                             .sealing_keys = std::move(keys),
                                             .host = Host::ours,
                                             .unsubscribe = std::move(unsubscribe),
                                             .throttle = std::move(throttle),
                                             .by_mx = std::move(routes)});
}

std::shared_ptr<const World> World::over(Config config,
                                         std::unique_ptr<SuppressionList> suppression,
                                         std::unique_ptr<Resolver> resolver,
                                         SealingKeys sealing_keys, Host host,
                                         std::shared_ptr<ThrottleMeans> throttle,
                                         std::unique_ptr<Ledger> ledger) {
  auto names = std::make_shared<NameService>(std::move(resolver));
  auto routes = judge_by_mx(config.routing, *names);
  return std::make_shared<const World>(std::move(config),
                                       Parts{.suppression = std::move(suppression),
                                             .snapshot = nullptr,
                                             .store_login = {},
                                             .ledger = std::move(ledger),
                                             .names = std::move(names),
                                             .sealing_keys = std::move(sealing_keys),
                                             .host = host,
                                             .unsubscribe = std::nullopt,
                                             .throttle = std::move(throttle),
                                             .by_mx = std::move(routes)});
}

World::World(Config config, Parts parts)
    : config_(std::move(config)),
      host_name_(parts.host == Host::ours ? name_of_host() : std::string()),
      authserv_id_(config_.arrival.authserv_id.empty() ? name_of_host()
                                                       : config_.arrival.authserv_id),
      suppression_(std::move(parts.suppression)),
      snapshot_(std::move(parts.snapshot)),
      store_login_(std::move(parts.store_login)),
      ledger_(std::move(parts.ledger)),
      names_(std::move(parts.names)),
      throttle_(std::move(parts.throttle)),
      sealing_keys_(std::move(parts.sealing_keys)),
      unsubscribe_(std::move(parts.unsubscribe)),
      by_mx_(std::move(parts.by_mx)),
      apple_(config_.apple.domains, config_.routing.elsewhere, by_mx_.get()),
      policies_(config_, PolicyMeans{*suppression_, sealing_keys_, authserv_id_,
                                     limiter_of(throttle_), backoffs_of(throttle_), ledger_.get()}),
      engine_(policies_) {}

}  // namespace icm
