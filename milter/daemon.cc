// SPDX-License-Identifier: Apache-2.0
#include "milter/daemon.h"

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "milter/callbacks.h"
#include "milter/key_watch.h"
#include "milter/listening_socket.h"
#include "milter/log_writer.h"
#include "milter/open_files.h"
#include "milter/signals.h"
#include "policy/base/text.h"
#include "policy/config/config_reader.h"

namespace icm {
namespace {

constexpr std::chrono::milliseconds drain_look{25};
constexpr std::size_t longest_warning = 2000;

void complain(std::string_view text) {
  for (const std::string_view line : split(text, '\n')) {
    fmt::print(stderr, "icloud-milter: {}\n", line);
  }
}

LineDestination line_destination_of(const Config& config, const DaemonOptions& options) {
  return line_destination(config.log.destination, options.journal_stream);
}

// Everything that lives from start to stop.
class Daemon {
 public:
  Daemon(const DaemonOptions& options, std::shared_ptr<const World> world,
         std::unique_ptr<LogWriter> log, const Clock& clock, Signals signals)
      : options_(options),
        clock_(clock),
        log_(std::move(log)),
        world_(world),
        slots_(world->config().limits.concurrent_judgements),
        context_{.sessions = {world_, *log_, clock_, slots_, &gate_watch_, &mailings_},
                 .in_flight = in_flight_},
        signals_(std::move(signals)),
        current_(std::move(world)) {}

  Status start() {
    if (const std::string little = raise_open_files(); !little.empty()) {
      log_->say(LogLevel::warning, little);
    }
    say_key_warnings();
    ICM_CHECK(register_callbacks(context_));
    ICM_TRY(socket_, ListeningSocket::open(config().socket));
    {
      const SignalsBlocked blocked;
      key_watch_.emplace(*log_, clock_);
      server_ = std::thread([this] { serve(); });
    }
    key_watch_->look_at(current_);
    log_->say(LogLevel::info, fmt::format("ready: version {}, listening on {}", ICM_VERSION,
                                          config().socket.address));
    return {};
  }

  // Returns the last line, for whoever wants to end with it.
  std::string say_problems(const std::vector<ConfigProblem>& problems) {
    for (ConfigProblem problem : problems) {
      const bool is_warning = problem.severity == ConfigProblem::Severity::warning;
      problem.severity = ConfigProblem::Severity::error;  // the log says the word itself
      log_->say(is_warning ? LogLevel::warning : LogLevel::error, to_string(problem));
    }
    return fmt::format("{} has {} {}", options_.config_path, problems.size(),
                       problems.size() == 1 ? "problem" : "problems");
  }

  ExitStatus run() {
    for (;;) {
      switch (signals_.next()) {
        case SIGHUP:
          reload_guarded();
          break;
        case 0:
          log_->say(LogLevel::fatal, "libmilter serves no longer; ending");
          return ExitStatus::failed;
        default:
          drain();
          return ExitStatus::done;
      }
    }
  }

  // libmilter's threads still run, and smfi_stop() would only freeze them for up to five seconds
  // while the mail server waits; closing their connections at once lets it try again at once.
  [[noreturn]] void end(ExitStatus status) {
    log_->say(LogLevel::info, "stopped");
    log_->flush();
    ::_exit(static_cast<int>(status));
  }

 private:
  const Config& config() const { return current_->config(); }

  void serve() {
    if (const Status status = serve_milter(); !status) {
      log_->say(LogLevel::error, status.error().text);
    }
    Signals::wake();
  }

  // A reload that runs out of memory must not end what works.
  void reload_guarded() {
    try {
      reload();
    } catch (const std::exception& error) {
      log_->say(LogLevel::panic,
                fmt::format("reload: {}; the configuration in use stays", for_log(error.what())));
    }
  }

  void reload() {
    const auto keep = [this](std::string_view why) {
      reopen(config());  // rotated logs go on whatever the new configuration is like
      for (const std::string_view line : split(why, '\n')) log_->say(LogLevel::error, line);
      log_->say(LogLevel::error, "not reloaded; the configuration in use stays");
    };
    const ConfigResult read = read_config(options_.config_path, clock_.now());
    if (!read) return keep(say_problems(read.error()));
    say_problems(read->warnings);
    const auto world = World::build(read->config, current_, options_.credentials_directory);
    if (!world) return keep(world.error().text);
    if (!reopen((*world)->config())) return keep("the log could not be reopened");
    if ((*world)->config().socket != config().socket) {
      log_->say(LogLevel::warning,
                fmt::format("socket: still listening on {}; a changed socket needs a restart",
                            config().socket.address));
    }
    swap(*world);
    say_key_warnings();
    key_watch_->look_at(current_);
    log_->say(LogLevel::info, fmt::format("reloaded {}", options_.config_path));
  }

  bool reopen(const Config& config) {
    const Status status = log_->reopen(config.log, line_destination_of(config, options_));
    if (!status) log_->say(LogLevel::error, status.error().text);
    return status.has_value();
  }

  void swap(std::shared_ptr<const World> next) {
    slots_.resize(next->config().limits.concurrent_judgements);
    world_.with([&](std::shared_ptr<const World>& world) { world = next; });
    current_ = std::move(next);
  }

  void say_key_warnings() {
    for (const std::string& warning : current_->sealing_keys().warnings()) {
      log_->say(LogLevel::warning, for_log(warning, longest_warning));
    }
  }

  void drain() {
    socket_->withdraw();
    in_flight_.close();
    const Deadline deadline = Deadline::in(config().limits.drain);
    log_->say(LogLevel::info,
              fmt::format("stopping: {} messages are being handed over", in_flight_.count()));
    // The count falls before libmilter has sent the last answer; the second look gives it time.
    for (int idle_looks = 0; idle_looks < 2 && !deadline.passed();) {
      idle_looks = in_flight_.count() == 0 ? idle_looks + 1 : 0;
      const auto signal_number = signals_.next(drain_look);
      if (signal_number && *signal_number != SIGHUP) return;
    }
    if (const int left = in_flight_.count(); left > 0) {
      log_->say(LogLevel::warning,
                fmt::format("{} messages were not done after {}; the mail server will try them "
                            "again",
                            left, to_span(config().limits.drain)));
    }
  }

  const DaemonOptions options_;
  const Clock& clock_;
  std::unique_ptr<LogWriter> log_;
  CurrentWorld world_;
  Slots slots_;
  GateWatch gate_watch_;
  Mailings mailings_;
  MessagesInFlight in_flight_;
  CallbackContext context_;
  Signals signals_;
  std::shared_ptr<const World> current_;  // what world_ holds; only the main thread changes it
  std::optional<ListeningSocket> socket_;
  std::optional<KeyWatch> key_watch_;
  std::thread server_;
};

void tell(const std::vector<ConfigProblem>& problems) {
  std::fputs(report(problems).c_str(), stderr);
}

// The configuration and all it names, or nothing when that was complained about. What is only
// warned of goes to `warnings`.
std::shared_ptr<const World> build_world(const DaemonOptions& options, const Clock& clock,
                                         std::vector<ConfigProblem>& warnings) {
  ConfigResult read = read_config(options.config_path, clock.now());
  if (!read) {
    tell(read.error());
    return nullptr;
  }
  warnings = std::move(read->warnings);
  auto world = World::build(std::move(read->config), nullptr, options.credentials_directory);
  if (world) return *std::move(world);
  tell(warnings);
  complain(world.error().text);
  return nullptr;
}

}  // namespace

ExitStatus run_daemon(const DaemonOptions& options) {
  // Never destroyed, like the daemon: its threads ask it for the time until the process ends.
  static const SystemClock& clock = *new SystemClock;
  auto signals = Signals::open();
  if (!signals) {
    complain(signals.error().text);
    return ExitStatus::failed;
  }
  std::vector<ConfigProblem> warnings;
  auto world = build_world(options, clock, warnings);
  if (world == nullptr) return ExitStatus::failed;
  Result<std::unique_ptr<LogWriter>> log = [&] {
    const SignalsBlocked blocked;
    return LogWriter::open(world->config().log, line_destination_of(world->config(), options),
                           clock);
  }();
  if (!log) {
    tell(warnings);
    complain(log.error().text);
    return ExitStatus::failed;
  }
  // Never destroyed: threads of libmilter hold on to it until the process ends.
  auto& daemon =
      *new Daemon(options, std::move(world), *std::move(log), clock, *std::move(signals));
  if (const Status started = daemon.start(); !started) {
    complain(started.error().text);
    return ExitStatus::failed;
  }
  daemon.say_problems(warnings);  // where the administrator looks, as after a reload
  daemon.end(daemon.run());
}

ExitStatus check_configuration(const DaemonOptions& options) {
  const SystemClock clock;
  std::vector<ConfigProblem> warnings;
  const auto world = build_world(options, clock, warnings);
  if (world == nullptr) return ExitStatus::failed;
  tell(warnings);
  for (const std::string& warning : world->sealing_keys().warnings()) {
    complain(fmt::format("warning: {}", for_log(warning, longest_warning)));
  }
  fmt::print("{}: good\n", options.config_path);
  return ExitStatus::done;
}

}  // namespace icm
