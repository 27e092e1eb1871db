// SPDX-License-Identifier: Apache-2.0
#include "milter/world_keeper.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/policy_set.h"

namespace icm {
namespace {

// The clock of the machine may be set while a change of a policy waits for its end.
constexpr std::chrono::milliseconds clock_look = std::chrono::seconds{30};
constexpr std::chrono::milliseconds without_end{-1};

bool is_warning(const ConfigProblem& problem) {
  return problem.severity == ConfigProblem::Severity::warning;
}

// What the answers say may change with a reload; where they are asked for, not.
bool opens_alike(SocketmapConfig one, const SocketmapConfig& other) {
  one.map = other.map;
  one.transport = other.transport;
  return one == other;
}

// Without the word for how grave it is: whoever prints it says that.
std::string words_of(ConfigProblem problem) {
  problem.severity = ConfigProblem::Severity::error;
  return to_string(problem);
}

// The policies that a request is for. Of all those that are on, the ones that are no longer, or not
// for as long as was asked for, what was asked for.
std::vector<std::string> policies_of(const ControlRequest& request, const Config& in_use,
                                     const Config& configured, const ModeChanges& changes) {
  if (request.policy != all_policies) return {request.policy};
  std::vector<std::string> chosen;
  for (const std::string_view name : policy_names()) {
    std::string policy(name);
    const PolicyConfig& now = *settings_of(in_use, name);
    const PolicyConfig& file = *settings_of(configured, name);
    if (!request.mode) {
      if (changes.all().contains(policy)) chosen.push_back(std::move(policy));
      continue;
    }
    if (now.mode == Mode::off && file.mode == Mode::off) continue;
    ModeChanges trial;
    trial.set({.policy = policy, .mode = *request.mode, .until = {}, .by = {}, .since = {}},
              configured);
    const Config after = trial.over(configured);
    const PolicyConfig& then = *settings_of(after, name);
    if (then != now || then != file) chosen.push_back(std::move(policy));
  }
  return chosen;
}

std::string words_of(const PolicyChanged& changed, const std::string& by) {
  const auto& [change, before, configured, overrides] = changed;
  return fmt::format(
      "policy {}: {} instead of {} {}, asked for by {}", change.policy, to_string(change.mode),
      to_string(before.mode),
      change.until ? fmt::format("until {}", to_rfc3339(*change.until)) : "from now on", by);
}

}  // namespace

LineDestination line_destination_of(const Config& config, const DaemonOptions& options) {
  return line_destination(config.log.destination, options.journal_stream);
}

void say_problems(Log& log, const std::vector<ConfigProblem>& problems) {
  for (const ConfigProblem& problem : problems) {
    log.say(is_warning(problem) ? LogLevel::warning : LogLevel::error, words_of(problem));
  }
}

WorldKeeper::WorldKeeper(Means means, std::shared_ptr<const World> world)
    : means_(std::move(means)),
      started_with_(world->config()),
      current_(std::move(world)),
      in_use_(ConfigurationInUse{.file = means_.options.config_path,
                                 .loaded = means_.clock.now(),
                                 .failed = {},
                                 .configured = std::make_shared<const Config>(started_with_),
                                 .changes = {}}) {}

ConfigurationInUse WorldKeeper::in_use() const {
  return in_use_.with([](const ConfigurationInUse& in_use) { return in_use; });
}

std::shared_ptr<const Config> WorldKeeper::configured() const {
  return in_use_.with([](const ConfigurationInUse& in_use) { return in_use.configured; });
}

// A reload that runs out of memory must not end what works.
ReloadOutcome WorldKeeper::reload(const std::string& by) {
  try {
    return try_to_reload(by);
  } catch (const std::exception& error) {
    const std::string words = fmt::format("reload: {}", for_log(error.what()));
    means_.log.say(LogLevel::panic, fmt::format("{}; the configuration in use stays", words));
    return {.problems = {words}, .warnings = {}};
  }
}

ReloadOutcome WorldKeeper::try_to_reload(const std::string& by) {
  ReloadOutcome outcome;
  const std::string& file = means_.options.config_path;
  const ConfigResult read = read_config(file, means_.clock.now());
  const std::vector<ConfigProblem>& said = read ? read->warnings : read.error();
  for (const ConfigProblem& problem : said) {
    (is_warning(problem) ? outcome.warnings : outcome.problems).push_back(words_of(problem));
  }
  say_problems(means_.log, said);
  if (!read) {
    return keep(
        std::move(outcome),
        fmt::format("{} has {} {}", file, said.size(), said.size() == 1 ? "problem" : "problems"),
        by);
  }
  const auto world = build(changes_.over(read->config));
  if (!world) return keep(std::move(outcome), world.error().text, by);
  if (const Status reopened = reopen((*world)->config()); !reopened) {
    outcome.problems.push_back(reopened.error().text);
    return keep(std::move(outcome), "the log could not be reopened", by);
  }
  warn_of_restart(read->config, outcome);
  current_ = *world;
  in_use_.with([&](ConfigurationInUse& in_use) {
    in_use.loaded = means_.clock.now();
    in_use.failed = std::nullopt;
    in_use.configured = std::make_shared<const Config>(read->config);
  });
  means_.take_over(current_, Keys::to_look_at);
  means_.log.say(LogLevel::info, fmt::format("reloaded {}", file));
  return outcome;
}

ReloadOutcome WorldKeeper::keep(ReloadOutcome outcome, std::string_view why,
                                const std::string& by) {
  const std::vector<std::string_view> lines = split(why, '\n');
  if (outcome.problems.empty()) outcome.problems.assign(lines.begin(), lines.end());
  in_use_.with([&](ConfigurationInUse& in_use) {
    in_use.failed =
        FailedReload{.time = means_.clock.now(), .by = by, .problems = outcome.problems};
  });
  // Rotated logs go on whatever the new configuration is like; what keeps them is in the log.
  static_cast<void>(reopen(current_->config()));
  for (const std::string_view line : lines) means_.log.say(LogLevel::error, line);
  means_.log.say(LogLevel::error, "not reloaded; the configuration in use stays");
  return outcome;
}

void WorldKeeper::warn_of_restart(const Config& next, ReloadOutcome& outcome) {
  const auto warn = [&](std::string text) {
    means_.log.say(LogLevel::warning, text);
    outcome.warnings.push_back(std::move(text));
  };
  if (next.socket != started_with_.socket) {
    warn(fmt::format("socket: still listening on {}; a changed socket needs a restart",
                     started_with_.socket.address));
  }
  if (next.control != started_with_.control) {
    warn("control: a change of this section needs a restart");
  }
  if (!opens_alike(next.routing.socketmap, started_with_.routing.socketmap)) {
    const std::string& address = started_with_.routing.socketmap.address;
    warn(fmt::format(
        "routing.socketmap: {}; a change of address, owner, group, mode, connections "
        "or idle needs a restart",
        address.empty() ? "not open, as at the start, so that Postfix finds nobody there"
                        : "still open as at the start, at " + address));
  }
  if (next.metrics != started_with_.metrics) {
    warn("metrics: a change of this section needs a restart");
  }
  // The others read the file, too, and are not told of a reload.
  const Config& before = current_->config();
  if (next.replies != before.replies) {
    warn(
        "replies: the follower reads this section at its start; where it runs: systemctl restart "
        "icloud-milter-replies");
  }
  if (next.unsubscribe != before.unsubscribe) {
    warn(
        "unsubscribe: the endpoint reads this section at its start; where it runs: systemctl "
        "restart icloud-milter-unsubscribe");
  }
}

Result<std::shared_ptr<const World>> WorldKeeper::build(Config config) const {
  return World::build(std::move(config), current_, means_.options.credentials_directory);
}

Status WorldKeeper::reopen(const Config& config) {
  const Status status = means_.log.reopen(config.log, line_destination_of(config, means_.options));
  if (!status) means_.log.say(LogLevel::error, status.error().text);
  return status;
}

std::string WorldKeeper::change(const ControlRequest& request, const std::string& by) {
  try {
    return try_to_change(request, by);
  } catch (const std::exception& error) {
    const std::string words = fmt::format("policy {}: {}", request.policy, for_log(error.what()));
    means_.log.say(LogLevel::panic, words);
    return change_failed_json({words});
  }
}

std::string WorldKeeper::try_to_change(const ControlRequest& request, const std::string& by) {
  const WallTime now = means_.clock.now();
  const auto file = configured();
  ModeChanges changes = changes_;
  std::vector<PolicyChanged> changed;
  for (std::string& policy : policies_of(request, current_->config(), *file, changes_)) {
    const PolicyConfig& to_return_to = *settings_of(*file, policy);
    const ModeChange change{
        .policy = std::move(policy),
        .mode = request.mode.value_or(to_return_to.mode),
        .until = request.span ? std::optional<WallTime>(now + *request.span) : std::nullopt,
        .by = by,
        .since = now};
    if (request.mode) {
      changes.set(change, *file);
    } else {
      changes.end(change.policy);
    }
    changed.push_back({.change = change,
                       .before = *settings_of(current_->config(), change.policy),
                       .configured = to_return_to,
                       .overrides = changes.all().contains(change.policy)});
  }
  const auto world = build(changes.over(*file));
  if (!world) {
    const auto problems = split(world.error().text, '\n');
    for (const std::string_view problem : problems) means_.log.say(LogLevel::error, problem);
    for (const PolicyChanged& one : changed) {
      means_.log.say(LogLevel::error, fmt::format("not done: {}", words_of(one, by)));
    }
    return change_failed_json({problems.begin(), problems.end()});
  }
  use(*world, std::move(changes));
  for (const PolicyChanged& one : changed) means_.log.say(LogLevel::info, words_of(one, by));
  return request.policy == all_policies ? changes_json(changed) : change_json(changed.front());
}

void WorldKeeper::use(std::shared_ptr<const World> world, ModeChanges changes) {
  const bool has_other_keys =
      world->sealing_keys().all().empty() != current_->sealing_keys().all().empty();
  current_ = std::move(world);
  changes_ = std::move(changes);
  in_use_.with([&](ConfigurationInUse& in_use) { in_use.changes = changes_.all(); });
  means_.take_over(current_, has_other_keys ? Keys::to_look_at : Keys::same);
}

std::chrono::milliseconds WorldKeeper::until_next_end() const {
  const auto next = changes_.next_end();
  if (!next) return without_end;
  const auto left = std::max(*next, next_try_) - means_.clock.now();
  return std::clamp<std::chrono::milliseconds>(left, std::chrono::milliseconds{0}, clock_look);
}

void WorldKeeper::end_changes() {
  const WallTime now = means_.clock.now();
  ModeChanges changes = changes_;
  const std::vector<ModeChange> ended = changes.take_ended(now);
  if (ended.empty() || now < next_try_) return;
  next_try_ = now + clock_look;  // also when memory runs out on the way
  const auto world = build(changes.over(*configured()));
  if (!world) {
    means_.log.say(LogLevel::error, fmt::format("policy {}: its change by {} cannot end yet: {}",
                                                ended.front().policy, ended.front().by,
                                                split(world.error().text, '\n').front()));
    return;
  }
  use(*world, std::move(changes));
  next_try_ = {};
  for (const ModeChange& change : ended) {
    means_.log.say(LogLevel::info,
                   fmt::format("policy {}: {} again; {}, asked for by {}, has ended", change.policy,
                               to_string(settings_of(current_->config(), change.policy)->mode),
                               to_string(change.mode), change.by));
  }
}

}  // namespace icm
