// SPDX-License-Identifier: Apache-2.0
#include "milter/mode_changes.h"

#include <iterator>
#include <utility>

#include "policy/policy_set.h"

namespace icm {
namespace {

// The settings that settings_of() gives, to be changed.
PolicyConfig* settings_to_change(Config& config, const std::string& policy) {
#define ICM_POLICY(name) \
  if (policy == #name) return &config.name;
#include "policy/policies.inc"
#undef ICM_POLICY
  return nullptr;
}

void apply(const ModeChange& change, Config& config) {
  PolicyConfig* const changed = settings_to_change(config, change.policy);
  if (changed == nullptr) return;
  PolicyConfig& settings = *changed;
  settings.mode = change.mode;
  if (change.mode == Mode::enforce) settings.until = std::nullopt;
  if (change.mode != Mode::observe) return;
  for (auto& [rule, mode] : settings.rules) {
    if (mode == Mode::enforce) mode = Mode::observe;
  }
}

}  // namespace

void ModeChanges::set(ModeChange change, const Config& configured) {
  Config changed = configured;
  apply(change, changed);
  if (!change.until && changed == configured) {
    changes_.erase(change.policy);
    return;
  }
  std::string policy = change.policy;
  changes_.insert_or_assign(std::move(policy), std::move(change));
}

std::vector<ModeChange> ModeChanges::take_ended(WallTime now) {
  std::vector<ModeChange> ended;
  for (auto entry = changes_.begin(); entry != changes_.end();) {
    const bool is_over = entry->second.until && *entry->second.until <= now;
    if (is_over) ended.push_back(std::move(entry->second));
    entry = is_over ? changes_.erase(entry) : std::next(entry);
  }
  return ended;
}

std::optional<WallTime> ModeChanges::next_end() const {
  std::optional<WallTime> next;
  for (const auto& [policy, change] : changes_) {
    if (change.until && (!next || *change.until < *next)) next = change.until;
  }
  return next;
}

Config ModeChanges::over(Config configured) const {
  for (const auto& [policy, change] : changes_) apply(change, configured);
  return configured;
}

}  // namespace icm
