// SPDX-License-Identifier: Apache-2.0
//
// World: everything built from one configuration. Built whole, swapped whole: a message is judged
// by one World from MAIL to its end.
#pragma once

#include <memory>
#include <optional>

#include "milter/name_service.h"
#include "milter/throttle_means.h"
#include "policy/apple_by_mx.h"
#include "policy/auth/sealing_keys.h"
#include "policy/base/guarded.h"
#include "policy/config/config.h"
#include "policy/engine.h"
#include "policy/policy_set.h"
#include "policy/recipients.h"
#include "policy/store/ledger.h"
#include "policy/store/redis_connection.h"
#include "policy/store/store.h"
#include "policy/store/suppression_book.h"
#include "policy/unsubscribe/token.h"

namespace icm {

class SnapshotSuppressionList;

// Immutable and safe from any thread; neither copied nor moved, since its parts refer to each
// other.
class World {
 public:
  // Opens what the configuration names. What the `previous` World (or none) knows of the DNS is
  // kept when the same servers are asked in the same way, and of the store when it is the same.
  // `credentials_directory` is systemd's CREDENTIALS_DIRECTORY, empty when there is none. A store
  // in a file is made at a host's first start, unless `missing` says otherwise, as to who only
  // wants to know whether all is well; one that was there and is lost is an Error, or what is known
  // of it stands in (store.while_away). An Error says what is missing, for the administrator, in
  // one line or several.
  [[nodiscard]] static Result<std::shared_ptr<const World>> build(
      Config config, const std::shared_ptr<const World>& previous,
      const std::string& credentials_directory = {}, Missing missing = Missing::make);

  // Whether mail leaves from this host, so that its name may stand in for one that is not
  // configured.
  enum class Host { ours, foreign };

  // For tests and offline checks: a World over a given list and resolver; without one no name
  // exists.
  static std::shared_ptr<const World> over(Config config,
                                           std::unique_ptr<SuppressionList> suppression,
                                           std::unique_ptr<Resolver> resolver = nullptr,
                                           SealingKeys sealing_keys = {}, Host host = Host::ours,
                                           std::shared_ptr<ThrottleMeans> throttle = nullptr,
                                           std::unique_ptr<Ledger> ledger = nullptr);

  // What a configuration does not hold itself.
  struct Parts {
    std::shared_ptr<SuppressionList> suppression;
    std::shared_ptr<SnapshotSuppressionList> snapshot;  // the same list, where it is one
    RedisLogin store_login;                             // that it was opened with
    std::unique_ptr<Ledger> ledger;                     // absent where no policy asks it
    std::shared_ptr<NameService> names;
    SealingKeys sealing_keys;
    Host host = Host::ours;
    std::optional<UnsubscribeTokens> unsubscribe;
    std::shared_ptr<ThrottleMeans> throttle;
    std::shared_ptr<AppleByMx> by_mx;  // over `names`; absent where routing.by_mx is off
  };
  World(Config config, Parts parts);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const Config& config() const { return config_; }
  const Engine& engine() const { return engine_; }
  const AppleDomains& apple() const { return apple_; }

  const SuppressionList& suppression() const { return *suppression_; }

  // Null where no policy asks it.
  const Ledger* ledger() const { return ledger_.get(); }

  // The same list, where it is one with a snapshot in memory: the daemon's, which begins it. Null
  // otherwise.
  const std::shared_ptr<SnapshotSuppressionList>& snapshot() const { return snapshot_; }

  // None when arc_sealing is off.
  const SealingKeys& sealing_keys() const { return sealing_keys_; }

  // None when no stream adds List-Unsubscribe.
  const std::optional<UnsubscribeTokens>& unsubscribe() const { return unsubscribe_; }

  // What is known of domains by their MX, kept from World to World. Null where that is not asked.
  const std::shared_ptr<AppleByMx>& by_mx() const { return by_mx_; }

  // The DNS, kept from World to World as long as it is asked in the same way. Never null.
  const std::shared_ptr<NameService>& names() const { return names_; }

  // What a message's authentication is looked up in.
  AuthSources& auth_sources() const { return names_->sources(); }

  // Absent where nothing is counted: offline.
  const std::shared_ptr<ThrottleMeans>& throttle() const { return throttle_; }

  // Our name in Authentication-Results: as configured, or the host name.
  const std::string& authserv_id() const { return authserv_id_; }

  // What this host calls itself, "localhost" when it does not say; empty for a foreign host.
  const std::string& host_name() const { return host_name_; }

 private:
  Config config_;
  std::string host_name_;
  std::string authserv_id_;
  std::shared_ptr<SuppressionList> suppression_;
  std::shared_ptr<SnapshotSuppressionList> snapshot_;
  RedisLogin store_login_;
  std::unique_ptr<Ledger> ledger_;
  std::shared_ptr<NameService> names_;
  std::shared_ptr<ThrottleMeans> throttle_;
  SealingKeys sealing_keys_;
  std::optional<UnsubscribeTokens> unsubscribe_;
  std::shared_ptr<AppleByMx> by_mx_;
  RoutedAppleDomains apple_;
  PolicySet policies_;
  Engine engine_;
};

using CurrentWorld = Guarded<std::shared_ptr<const World>>;

}  // namespace icm
