// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl replies follow: a process of its own, with the right to read the mail log, which
// the daemon that judges mail need not have.
#include <csignal>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/delivery_pupil.h"
#include "milter/ctl/delivery_source.h"
#include "milter/ctl/follower_door.h"
#include "milter/ctl/handovers.h"
#include "milter/ctl/replies_options.h"
#include "milter/ctl/terminal.h"
#include "milter/service_manager.h"
#include "milter/signals.h"
#include "policy/recipients.h"

namespace icm::ctl {
namespace {

constexpr std::size_t lines_at_once = 20'000;  // between two commits, while there is more to read
constexpr std::chrono::milliseconds look_every{500};
constexpr std::chrono::seconds settle_every{5};  // while nothing comes
constexpr std::chrono::hours past_of_journal{24 * 7};
constexpr std::chrono::milliseconds farewell{5000};

struct Options {
  std::string config;
  SourcePlace place;
  bool once = false;
  bool dry_run = false;
};

// Reads, learns, and says when to stop.
class Follower {
 public:
  Follower(std::string name, DeliverySource& source, Handovers& handovers, DeliveryPupil& pupil)
      : name_(std::move(name)), source_(source), handovers_(handovers), pupil_(pupil) {}

  // Before the first line: how things stand.
  Status look(Mode mode, WallTime loaded) {
    figures_.mode = mode;
    figures_.loaded = loaded;
    ICM_TRY(figures_.learnt, pupil_.figures());
    figures_.left = source_.left();
    return {};
  }

  // One commit's worth. False when there was nothing more to read.
  Result<bool> read_on(WallTime now) {
    events_.clear();
    ICM_TRY(const bool has_more, source_.read(lines_at_once, now, events_));
    for (const std::string& notice : source_.take_notices()) complain(notice);
    // Whatever left was decided on before.
    ICM_CHECK(handovers_.poll());
    for (const DeliveryEvent& event : events_) ICM_CHECK(take(event));
    const std::string position = source_.position();
    if (position != settled_ || settle_at_.passed()) {
      ICM_CHECK(pupil_.settle(name_, position, has_more));
      settled_ = position;
      settle_at_ = Deadline::in(settle_every);
      ICM_TRY(figures_.learnt, pupil_.figures());
    }
    figures_.lines = source_.figures();
    figures_.left = source_.left();
    if (!has_more) figures_.at_end = std::chrono::steady_clock::now();
    return has_more;
  }

  std::uint64_t events() const { return count_; }
  const FollowerFigures& figures() const { return figures_; }

 private:
  Status take(const DeliveryEvent& event) {
    // What was given up was told of each time it failed.
    if (event.status == DeliveryStatus::expired && event.recipient.empty()) return {};
    static const Handover unknown;
    const Handover* const handover = handovers_.find(event.queue_id);
    ++count_;
    ++figures_.deliveries[event.status];
    return pupil_.take(event, handover == nullptr ? unknown : *handover);
  }

  std::string name_;
  DeliverySource& source_;
  Handovers& handovers_;
  DeliveryPupil& pupil_;
  std::vector<DeliveryEvent> events_;
  std::string settled_;
  Deadline settle_at_ = Deadline::in(settle_every);
  std::uint64_t count_ = 0;
  FollowerFigures figures_;
};

bool is_stop(std::optional<int> signal) {
  return signal && (*signal == SIGTERM || *signal == SIGINT);
}

Status catch_up(Follower& follower, const DeliverySource& source, Signals& signals,
                const Clock& clock) {
  const std::uint64_t begin = source.left().value_or(0);
  Progress progress("reading the log", begin);
  for (;;) {
    ICM_TRY(const bool has_more, follower.read_on(clock.now()));
    if (!has_more) return {};
    const std::uint64_t left = source.left().value_or(0);
    progress.at(left < begin ? begin - left : 0);
    if (is_stop(signals.next(std::chrono::milliseconds(0)))) return {};
  }
}

Status follow(Follower& follower, FollowerDoor& door, Signals& signals, const Clock& clock,
              const std::string& name) {
  const ServiceManager manager;
  door.show(follower.figures());
  door.keep_open();
  // Before it has caught up: that may take longer than a start is given.
  manager.ready(fmt::format("learns from {}", name));
  for (;;) {
    ICM_TRY(const bool has_more, follower.read_on(clock.now()));
    manager.alive();
    door.show(follower.figures());
    door.keep_open();
    // HUP is not for us: the configuration is read at the start.
    if (is_stop(signals.next(has_more ? std::chrono::milliseconds(0) : look_every))) break;
  }
  manager.stopping();
  return {};
}

Status run(const Options& options) {
  ICM_TRY(const Config config, load_configuration(options.config));
  SourcePlace place = options.place;
  if (place.log.empty() && place.journal_directory.empty()) place.log = config.replies.log;
  ICM_TRY(Signals signals, Signals::open());
  const SystemClock clock;
  ICM_TRY(const auto pupil,
          options.dry_run ? printing_pupil(config) : learning_pupil(config, clock));
  ICM_TRY(Handovers handovers, Handovers::open(config.log.decisions));
  ICM_TRY(const auto position, pupil->position(place.name()));
  const NamedAppleDomains apple(config.apple.domains);
  DeliveryLog log(AppleTraffic(apple, config.replies.transports, config.routing.mx_suffixes),
                  from_local_time);
  ICM_TRY(const auto source,
          open_source(place, position, clock.now() - past_of_journal,
                      options.once ? std::chrono::milliseconds(0) : farewell, std::move(log)));
  Follower follower(place.name(), *source, handovers, *pupil);
  if (options.once) {
    ICM_CHECK(catch_up(follower, *source, signals, clock));
    if (!options.dry_run) fmt::print("{} deliveries to Apple read\n", follower.events());
    return {};
  }
  ICM_CHECK(follower.look(config.replies.mode, clock.now()));
  // Who only looks on has learnt nothing that could be told, and leaves the door to who learns.
  FollowerDoor door(options.dry_run ? MetricsConfig() : config.replies.metrics);
  return follow(follower, door, signals, clock, place.name());
}

Exit follow_replies(const Options& options) {
  const Status done = run(options);
  if (done) return Exit::done;
  return complain(done.error().text,
                  done.error().code == Code::config ? Exit::usage : Exit::refused);
}

}  // namespace

void add_replies_follow(CLI::App& replies, Chosen& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* const command = replies.add_subcommand(
      "follow",
      "Reads the mail server's log as it grows, and does what Apple's answers ask for, as the "
      "section replies of the configuration says.");
  command->add_option("--config", options->config, std::string(config_option_help))
      ->option_text("FILE");
  CLI::Option* const log = command->add_option(
      "--log", options->place.log,
      "The mail server's log. Default: replies.log of the configuration; where that is empty, the "
      "systemd journal.");
  log->option_text("FILE");
  command
      ->add_option("--journal", options->place.journal_directory,
                   "Reads the files of a systemd journal in this directory.")
      ->option_text("DIRECTORY")
      ->excludes(log);
  command->add_flag("--once", options->once,
                    "Reads to the end and stops; the next run goes on from there.");
  command->add_flag("--dry-run", options->dry_run,
                    "Learns nothing and keeps nothing: prints one JSON object for each delivery, "
                    "from the beginning of the log.");
  command->footer(
      "Ends with TERM or Ctrl-C. A log may be rotated while it is read, or between two runs; each\n"
      "line counts once. Prometheus reads its figures where replies.metrics of the configuration\n"
      "says. Exit status: 0 stopped, 1 something cannot be read or written, 2 the configuration "
      "is\n"
      "wrong.\n"
      "Example, what it would learn from a log:\n"
      "  icloud-milterctl replies follow --once --dry-run --log /var/log/mail.log");
  command->callback(
      [options, &chosen] { chosen = [options] { return follow_replies(*options); }; });
}

}  // namespace icm::ctl
