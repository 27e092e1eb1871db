// SPDX-License-Identifier: Apache-2.0
//
// The list of policies.inc, made into objects.
#include "policy/policy_set.h"

namespace icm {
namespace {

using Factory = std::unique_ptr<Policy> (*)(const Config&, const PolicyMeans&);

struct Registered {
  std::string_view name;
  std::string_view error_rule;
  Factory make;
};

constexpr Registered registered[] = {
#define ICM_POLICY(name) {#name, #name ".error", make_##name},
#include "policy/policies.inc"
#undef ICM_POLICY
};

}  // namespace

PolicySet::PolicySet(const Config& config, const PolicyMeans& means) {
  for (const Registered& entry : registered) {
    const PolicyConfig* settings = settings_of(config, entry.name);
    if (settings->mode == Mode::off) continue;
    policies_.push_back({entry.make(config, means), settings, entry.error_rule});
  }
}

AuthNeeds PolicySet::needs() const {
  AuthNeeds needs;
  for (const ConfiguredPolicy& configured : policies_) needs = needs | configured.policy->needs();
  return needs;
}

const std::vector<std::string_view>& policy_names() {
  static const std::vector<std::string_view> names = {
#define ICM_POLICY(name) #name,
#include "policy/policies.inc"
#undef ICM_POLICY
  };
  return names;
}

const PolicyConfig* settings_of(const Config& config, std::string_view policy) {
#define ICM_POLICY(name) \
  if (policy == #name) return &config.name;
#include "policy/policies.inc"
#undef ICM_POLICY
  return nullptr;
}

}  // namespace icm
