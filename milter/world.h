// SPDX-License-Identifier: Apache-2.0
//
// World: everything built from one configuration. Built whole, swapped whole: a message is judged
// by one World from MAIL to its end.
#pragma once

#include <memory>

#include "policy/base/guarded.h"
#include "policy/config/config.h"
#include "policy/engine.h"
#include "policy/policy_set.h"
#include "policy/recipients.h"
#include "policy/store/store.h"

namespace icm {

// Immutable and safe from any thread; neither copied nor moved, since its parts refer to each
// other.
class World {
 public:
  // Opens what the configuration names. An Error says what is missing, for the administrator.
  [[nodiscard]] static Result<std::shared_ptr<const World>> build(Config config);

  // For tests and offline checks: a World over a given list.
  static std::shared_ptr<const World> over(Config config,
                                           std::unique_ptr<SuppressionList> suppression);

  World(Config config, std::unique_ptr<SuppressionList> suppression);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const Config& config() const { return config_; }
  const Engine& engine() const { return engine_; }
  const AppleDomains& apple() const { return apple_; }

  // Our name in Authentication-Results: as configured, or the host name.
  const std::string& authserv_id() const { return authserv_id_; }

 private:
  Config config_;
  std::string authserv_id_;
  std::unique_ptr<SuppressionList> suppression_;
  NamedAppleDomains apple_;
  PolicySet policies_;
  Engine engine_;
};

using CurrentWorld = Guarded<std::shared_ptr<const World>>;

}  // namespace icm
