// SPDX-License-Identifier: Apache-2.0
#include "milter/daemon.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "milter/callbacks.h"
#include "milter/control_desk.h"
#include "milter/daemon_status.h"
#include "milter/first_world.h"
#include "milter/key_watch.h"
#include "milter/listening_socket.h"
#include "milter/log_writer.h"
#include "milter/metrics.h"
#include "milter/open_files.h"
#include "milter/route_desk.h"
#include "milter/service_manager.h"
#include "milter/side_doors.h"
#include "milter/signals.h"
#include "milter/store_probe.h"
#include "milter/tally.h"
#include "milter/throttle_status.h"
#include "milter/world_keeper.h"
#include "policy/base/text.h"
#include "policy/store/snapshot_list.h"

namespace icm {
namespace {

constexpr std::chrono::milliseconds drain_look{25};
constexpr std::size_t longest_warning = 2000;

// Everything that lives from start to stop.
class Daemon {
 public:
  Daemon(const DaemonOptions& options, std::shared_ptr<const World> world,
         std::unique_ptr<LogWriter> log, const Clock& clock, Signals signals)
      : options_(options),
        clock_(clock),
        started_(clock.now()),
        address_(world->config().socket.address),
        log_(std::move(log)),
        tally_(*log_),
        world_(world),
        slots_(world->config().limits.concurrent_judgements),
        context_{.sessions = {world_, tally_, clock_, slots_, &gate_watch_, &mailings_, &meters_},
                 .in_flight = in_flight_,
                 .connections = connections_},
        signals_(std::move(signals)),
        keeper_({.options = options_,
                 .log = *log_,
                 .clock = clock_,
                 .take_over = [this](auto next, auto keys) { take_over(std::move(next), keys); }},
                std::move(world)),
        desk_({.status = [this] { return status_json(status(store_probe_)); },
               .stats = [this] { return stats_json(tally_.figures(), started_, clock_.now()); },
               .throttle = [this] { return throttle_json(*world_now(), clock_.now()); },
               .wake = Signals::wake}) {}

  Status start() {
    hear_notices();
    if (const std::string little = raise_open_files(); !little.empty()) {
      log_->say(LogLevel::warning, little);
    }
    say_key_warnings();
    ICM_CHECK(register_callbacks(context_));
    ICM_TRY(socket_, ListeningSocket::open(config().socket));
    {
      const SignalsBlocked blocked;
      key_watch_.emplace(*log_, clock_);
      keep_snapshot(*keeper_.current());
      doors_.open(config(), {desk_, routes_, [this] { return metrics(); }, *log_});
      server_ = std::thread([this] { serve(); });
    }
    key_watch_->look_at(keeper_.current());
    log_->say(LogLevel::info,
              fmt::format("ready: version {}, listening on {}", ICM_VERSION, address_));
    service_manager_.ready(words_of_state());
    return {};
  }

  void say(const std::vector<ConfigProblem>& problems) { say_problems(*log_, problems); }

  ExitStatus run() {
    for (;;) {
      const auto signal_number = signals_.next(until_next_duty());
      service_manager_.alive();
      if (!signal_number) {
        guarded("the end of a change", [this] { keeper_.end_changes(); });
        continue;
      }
      // Whatever the signal: a pipe that was full of them took no further one for an order.
      guarded("an order", [this] { fill_orders(); });
      switch (*signal_number) {
        case SIGHUP:
          reload("HUP");
          break;
        case 0:
          if (is_serving_) break;
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
    doors_.close();
    guarded("the end of the snapshot", [this] {
      if (const auto& snapshot = keeper_.current()->snapshot()) snapshot->end();
    });
    log_->say(LogLevel::info, "stopped");
    log_->flush();
    ::_exit(static_cast<int>(status));
  }

 private:
  const Config& config() const { return keeper_.current()->config(); }

  void serve() {
    if (const Status status = serve_milter(); !status) {
      log_->say(LogLevel::error, status.error().text);
    }
    is_serving_ = false;
    Signals::wake();
  }

  std::string metrics() {
    const std::scoped_lock lock(metrics_mutex_);  // a StoreProbe is one thread's
    return metrics_text({.status = status(metrics_probe_),
                         .meters = &meters_,
                         .routes = routes_.figures(),
                         .route_connections = doors_.route_connections(),
                         .process = process_figures()});
  }

  std::shared_ptr<const World> world_now() const {
    return world_.with([](const std::shared_ptr<const World>& in_use) { return in_use; });
  }

  DaemonStatus status(StoreProbe& probe) {
    const auto world = world_now();
    const WallTime now = clock_.now();
    return {.process = ::getpid(),
            .started = started_,
            .now = now,
            .configuration = keeper_.in_use(),
            .world = world,
            .address = address_,
            .connections = connections_,
            .messages_under_way = in_flight_.count(),
            .figures = tally_.figures(),
            .store = probe.health(world, now),
            .gate_warning = gate_watch_.warning().value_or(""),
            .keys = key_watch_->known(),
            .doors = doors_.states()};
  }

  // What runs out of memory must not end what works.
  template <class Deed>
  void guarded(std::string_view what, Deed deed) {
    try {
      deed();
    } catch (const std::exception& error) {
      log_->say(LogLevel::panic, fmt::format("{}: {}", what, for_log(error.what())));
    }
  }

  // A change that ends by itself, or the next sign of life; a negative span for neither.
  std::chrono::milliseconds until_next_duty() const {
    const std::chrono::milliseconds end = keeper_.until_next_end();
    const std::chrono::milliseconds sign = service_manager_.alive_every();
    if (end.count() < 0 || sign.count() < 0) return std::max(end, sign);
    return std::min(end, sign);
  }

  ReloadOutcome reload(const std::string& by) {
    service_manager_.reloading();
    ReloadOutcome outcome = keeper_.reload(by);
    service_manager_.ready(words_of_state());
    return outcome;
  }

  std::string words_of_state() const { return fmt::format("listening on {}", address_); }

  void fill_orders() {
    for (const ControlOrder& order : desk_.take()) {
      const std::string by = to_string(order.peer);
      if (order.request.word == ControlRequest::Word::policy) {
        order.answer(keeper_.change(order.request, by));
        continue;
      }
      log_->say(LogLevel::info, fmt::format("reload asked for by {}", by));
      order.answer(reload_json(reload(by), options_.config_path));
    }
  }

  void hear_notices() {
    const auto& throttle = keeper_.current()->throttle();
    if (throttle == nullptr) return;
    throttle->notices().listen([this](const std::string& text) {
      log_->say(LogLevel::warning, for_log(text, longest_warning));
    });
  }

  void take_over(std::shared_ptr<const World> next, WorldKeeper::Keys keys) {
    hear_notices();
    slots_.resize(next->config().limits.concurrent_judgements);
    keep_snapshot(*next);
    world_.with([&](std::shared_ptr<const World>& world) { world = next; });
    if (keys == WorldKeeper::Keys::same) return;
    say_key_warnings();
    key_watch_->look_at(next);
  }

  // The list of suppressions may be the one that is kept already.
  void keep_snapshot(const World& world) {
    if (world.snapshot() == nullptr) return;
    const SignalsBlocked blocked;
    world.snapshot()->begin([this](const StoreNotice& notice) {
      const bool is_info = notice.grade == StoreNotice::Grade::info;
      log_->say(is_info ? LogLevel::info : LogLevel::warning, notice.text);
    });
  }

  void say_key_warnings() {
    for (const std::string& warning : keeper_.current()->sealing_keys().warnings()) {
      log_->say(LogLevel::warning, for_log(warning, longest_warning));
    }
  }

  void drain() {
    service_manager_.stopping();
    socket_->withdraw();
    in_flight_.close();
    const Deadline deadline = Deadline::in(config().limits.drain);
    doors_.close();  // who asks slowly there must not make the drain longer
    log_->say(LogLevel::info,
              fmt::format("stopping: {} messages are being handed over", in_flight_.count()));
    // The count falls before libmilter has sent the last answer; the second look gives it time.
    for (int idle_looks = 0; idle_looks < 2 && !deadline.passed();) {
      idle_looks = in_flight_.count() == 0 ? idle_looks + 1 : 0;
      const auto signal_number = signals_.next(drain_look);
      if (!signal_number || *signal_number == SIGHUP) continue;
      if (*signal_number != 0 || !is_serving_) return;
    }
    if (const int left = in_flight_.count(); left > 0) {
      log_->say(LogLevel::warning,
                fmt::format("{} messages were not done after {}; the mail server will try them "
                            "again",
                            left, to_span(config().limits.drain)));
    }
  }

  const DaemonOptions options_;
  const ServiceManager service_manager_;
  const Clock& clock_;
  const WallTime started_;
  const std::string address_;  // where it listens, whatever a later configuration says
  std::unique_ptr<LogWriter> log_;
  Tally tally_;
  CurrentWorld world_;
  Slots slots_;
  GateWatch gate_watch_;
  SessionMeters meters_;
  Mailings mailings_;
  MessagesInFlight in_flight_;
  std::atomic<int> connections_ = 0;
  CallbackContext context_;
  Signals signals_;
  WorldKeeper keeper_;  // of what world_ holds
  OrderDesk desk_;
  RouteDesk routes_{world_};
  std::optional<ListeningSocket> socket_;
  std::optional<KeyWatch> key_watch_;
  StoreProbe store_probe_{options_.credentials_directory};  // of the control socket's thread
  std::mutex metrics_mutex_;
  StoreProbe metrics_probe_{options_.credentials_directory};
  SideDoors doors_;
  std::atomic<bool> is_serving_ = true;
  std::thread server_;
};

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
  auto world = first_world(options, clock, warnings, Missing::make);
  if (world == nullptr) return ExitStatus::failed;
  Result<std::unique_ptr<LogWriter>> log = [&] {
    const SignalsBlocked blocked;
    return LogWriter::open(world->config().log, line_destination_of(world->config(), options),
                           clock);
  }();
  if (!log) {
    complain(warnings);
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
  daemon.say(warnings);  // where the administrator looks, as after a reload
  daemon.end(daemon.run());
}

ExitStatus check_configuration(const DaemonOptions& options) {
  const SystemClock clock;
  std::vector<ConfigProblem> warnings;
  const auto world = first_world(options, clock, warnings, Missing::refuse);
  if (world == nullptr) return ExitStatus::failed;
  complain(warnings);
  for (const Status& sockets :
       {ListeningSocket::check(world->config().socket), SideDoors::check(world->config())}) {
    if (sockets) continue;
    complain(sockets.error().text);
    return ExitStatus::failed;
  }
  for (const std::string& warning : world->sealing_keys().warnings()) {
    complain(fmt::format("warning: {}", for_log(warning, longest_warning)));
  }
  fmt::print("{}: good\n", options.config_path);
  return ExitStatus::done;
}

}  // namespace icm
