// SPDX-License-Identifier: Apache-2.0
//
// PolicySet: the configured policies, built once from a Config and then immutable.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/config/config.h"
#include "policy/policy.h"
#include "policy/store/store.h"

namespace icm {

class BackoffView;
class Ledger;
class RateLimiter;
class SealingKeys;

// What policies work with, besides the Config. References must outlive the PolicySet.
struct PolicyMeans {
  SuppressionList& suppression;
  const SealingKeys& sealing_keys;
  std::string_view authserv_id;     // our name in Authentication-Results
  RateLimiter* limiter = nullptr;   // absent where nothing is counted: offline
  BackoffView* backoffs = nullptr;  // absent where nobody asks for less: offline
  const Ledger* ledger = nullptr;   // absent where no policy needs it, and offline without a store
};

// What policies.inc promises of each name.
#define ICM_POLICY(name) std::unique_ptr<Policy> make_##name(const Config&, const PolicyMeans&);
#include "policy/policies.inc"
#undef ICM_POLICY

// A policy with the settings that say how far it goes. `settings` points into the Config.
struct ConfiguredPolicy {
  std::unique_ptr<Policy> policy;
  const PolicyConfig* settings = nullptr;
  std::string_view error_rule;  // the rule of its errors, "format.error"; static storage
};

class PolicySet {
 public:
  // Keeps references to `config` and `means`. Policies whose mode is off are left out, whatever
  // mode their single rules have.
  PolicySet(const Config& config, const PolicyMeans& means);

  // Policies that the caller made, in the order given.
  explicit PolicySet(std::vector<ConfiguredPolicy> policies) : policies_(std::move(policies)) {}

  const std::vector<ConfiguredPolicy>& policies() const { return policies_; }

  // What any of them needs.
  AuthNeeds needs() const;

 private:
  std::vector<ConfiguredPolicy> policies_;
};

// Every policy name that policies.inc knows, in order.
const std::vector<std::string_view>& policy_names();

// The settings of a policy by its name; nullptr for a name that policies.inc does not know.
const PolicyConfig* settings_of(const Config& config, std::string_view policy);

}  // namespace icm
