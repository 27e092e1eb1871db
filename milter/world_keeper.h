// SPDX-License-Identifier: Apache-2.0
//
// WorldKeeper: which World is in use, and how it comes to be another one: by a reload, by an
// administrator's change of a policy, and by the end of such a change.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "milter/control_desk.h"
#include "milter/daemon.h"
#include "milter/daemon_status.h"
#include "milter/log_writer.h"
#include "milter/world.h"
#include "policy/base/clock.h"
#include "policy/config/config_reader.h"

namespace icm {

// Of the main thread alone, but for in_use().
class WorldKeeper {
 public:
  enum class Keys { same, to_look_at };  // whether keys that seal may have come or gone

  struct Means {
    const DaemonOptions& options;
    LogWriter& log;
    const Clock& clock;
    std::function<void(std::shared_ptr<const World>, Keys)> take_over;  // puts the next one to use
  };

  // References in `means` outlive this. `world` is in use already.
  WorldKeeper(Means means, std::shared_ptr<const World> world);

  const std::shared_ptr<const World>& current() const { return current_; }

  // From any thread.
  ConfigurationInUse in_use() const;

  // Reads the file again and swaps all of it, or keeps the configuration in use and says why, in
  // the log and in the outcome. Reopens the log files either way. `by`: "HUP", or who asked.
  ReloadOutcome reload(const std::string& by);

  // Changes the mode of a policy, or of all at once; the answer to give.
  std::string change(const ControlRequest& request, const std::string& by);

  // How long to wait before end_changes() is called; negative: without end.
  std::chrono::milliseconds until_next_end() const;
  void end_changes();

 private:
  ReloadOutcome try_to_reload(const std::string& by);
  ReloadOutcome keep(ReloadOutcome outcome, std::string_view why, const std::string& by);
  std::string try_to_change(const ControlRequest& request, const std::string& by);
  void warn_of_restart(const Config& next, ReloadOutcome& outcome);
  Result<std::shared_ptr<const World>> build(Config config) const;
  Status reopen(const Config& config);
  std::shared_ptr<const Config> configured() const;
  void use(std::shared_ptr<const World> world, ModeChanges changes);

  const Means means_;
  const Config started_with_;
  std::shared_ptr<const World> current_;
  ModeChanges changes_;
  WallTime next_try_{};  // of an end that failed
  Guarded<ConfigurationInUse> in_use_;
};

LineDestination line_destination_of(const Config& config, const DaemonOptions& options);

// Says each in the log.
void say_problems(Log& log, const std::vector<ConfigProblem>& problems);

}  // namespace icm
