// SPDX-License-Identifier: Apache-2.0
//
// GateWatch: notices that mail for Apple comes in and none of it comes by the gate. A listener
// whose {daemon_name} is misspelt or missing in master.cf counts as an arrival, which refuses
// nothing: the mail would leave unjudged and nobody would hear of it.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/clock.h"
#include "policy/base/guarded.h"
#include "policy/config/config.h"

namespace icm {

// Safe from any thread; lives as long as the daemon, over every reload.
//
// On a normal set-up mail for Apple that was let in at an arrival reaches the gate within moments,
// so it is a matter of the last such messages only: when `messages` in a row came in, the first of
// them at least `patience` ago, and not one message has come to the gate (or to a direct listener)
// since, something is wired wrongly. A message that was held, or thrown away by another filter, is
// followed by others that do come by.
class GateWatch {
 public:
  static constexpr int messages = 3;
  static constexpr std::chrono::minutes patience{10};
  static constexpr std::chrono::hours between_warnings{1};  // about one name

  // A message began where it will be judged.
  void saw_judged();

  // A message that names an Apple recipient was let in as an arrival under this {daemon_name}. The
  // warning, when it is time for one.
  std::optional<std::string> saw_arrival(std::string_view daemon_name, const RolesConfig& roles,
                                         WallTime now);

  // What was warned of last, as long as it goes on.
  std::optional<std::string> warning() const;

 private:
  struct State {
    int unseen = 0;    // messages for Apple since the last one that was judged
    WallTime first{};  // when the first of them came
    std::map<std::string, WallTime, std::less<>> warned;
    std::optional<std::string> warning;  // the last one, until a message is judged
  };
  Guarded<State> state_;
};

}  // namespace icm
