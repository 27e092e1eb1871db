// SPDX-License-Identifier: Apache-2.0
//
// DaemonStatus: what the daemon says of itself when it is asked (icloud-milterctl status, stats).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "milter/door_state.h"
#include "milter/key_watch.h"
#include "milter/mode_changes.h"
#include "milter/store_probe.h"
#include "milter/tally.h"
#include "milter/world.h"
#include "policy/base/clock.h"

namespace icm {

// A reload that left the earlier configuration in use.
struct FailedReload {
  WallTime time{};
  std::string by;                     // "HUP", or who asked
  std::vector<std::string> problems;  // whole, as in the log
};

// What changes with reloads.
struct ConfigurationInUse {
  std::string file;
  WallTime loaded{};
  std::optional<FailedReload> failed;        // of the reloads since then, the last
  std::shared_ptr<const Config> configured;  // as in the file, without changes; never null
  std::map<std::string, ModeChange> changes;
};

struct DaemonStatus {
  pid_t process = 0;
  WallTime started{};
  WallTime now{};
  ConfigurationInUse configuration;
  std::shared_ptr<const World> world;  // never null
  std::string address;                 // where it really listens
  int connections = 0;
  int messages_under_way = 0;
  TallyFigures figures;
  StoreHealth store;
  std::string gate_warning;  // empty: mail comes by the gate, as far as one can see
  std::vector<WatchedKey> keys;
  std::vector<DoorState> doors;
};

// One JSON object on one line of ASCII, nothing in it cut short. "attention" has a sentence for
// each thing that an administrator should see to; it is empty when all is well.
//   protocol, version, pid, started, uptime_seconds, attention[],
//   configuration{file, loaded, failed_reload{time, by, problems[]} or null},
//   listening{address, gate[], direct[], arrival[]}, connections, messages_under_way,
//   messages{judged, accepted, tagged, quarantined, deferred, refused},
//   recipients{refused, deferred, removed}, store{kind, path, problem,
//   risks[], snapshot{ready, entries, recent, memory, file, problem} or null},
//   throttle{…} (throttle_status.h: throttle_summary),
//   policies[{name, mode, configured, percent, until, ended, rules{}, change{until, by, since} or
//   null}], keys[{name, domain, selector, file, state, problem, published, checked, record}]
// A key that has not been compared yet has the state "not-compared".
std::string status_json(const DaemonStatus& status);

// How many sentences "attention" has.
std::size_t attentions(const DaemonStatus& status);

// protocol, since, uptime_seconds, messages{…}, recipients{…} as above, mean_ms, longest_ms,
// rules[{rule, found, acted}]
std::string stats_json(const TallyFigures& figures, WallTime started, WallTime now);

}  // namespace icm
