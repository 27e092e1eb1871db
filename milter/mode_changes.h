// SPDX-License-Identifier: Apache-2.0
//
// ModeChanges: what an administrator made of the policies' modes while the daemon runs, on top of
// the configuration file.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/clock.h"
#include "policy/config/config.h"

namespace icm {

struct ModeChange {
  std::string policy;  // one that exists
  Mode mode = Mode::observe;
  std::optional<WallTime> until;  // absent: until the daemon ends
  std::string by;                 // who asked for it, in words
  WallTime since{};
  bool operator==(const ModeChange&) const = default;
};

// A change outlives reloads: the rotation of a log must not end it. Not synchronised.
class ModeChanges {
 public:
  // In place of an earlier one of the same policy. One that says what `configured` says anyway, and
  // has no end, ends the earlier one.
  void set(ModeChange change, const Config& configured);

  // What the file says of that policy holds again.
  void end(const std::string& policy) { changes_.erase(policy); }

  // Takes away and returns those whose time is over.
  std::vector<ModeChange> take_ended(WallTime now);

  // When the next one ends.
  std::optional<WallTime> next_end() const;

  // The configuration with all changes. A policy that was set to enforce does so whatever its
  // `until`; its percent, its origins and the modes of its rules stay. One that was set to observe
  // enforces no rule either.
  Config over(Config configured) const;

  // By policy.
  const std::map<std::string, ModeChange>& all() const { return changes_; }

 private:
  std::map<std::string, ModeChange> changes_;
};

}  // namespace icm
