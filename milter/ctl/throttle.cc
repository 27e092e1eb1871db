// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl throttle: how the limits stand, and pauses and slowdowns by hand.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/daemon_call.h"
#include "milter/ctl/status_print.h"
#include "milter/ctl/store_options.h"
#include "milter/ctl/throttle_print.h"
#include "policy/base/text.h"
#include "policy/store/stores.h"
#include "policy/throttle_plan.h"

namespace icm::ctl {
namespace {

constexpr std::chrono::seconds patience{10};
constexpr std::chrono::seconds mode_patience{2};
constexpr std::chrono::seconds longest_pause = std::chrono::hours{24 * 31};
constexpr std::size_t longest_why = 500;

struct ThrottleOptions {
  std::string config;
  std::string store;
  std::vector<std::string> what;  // "192.0.2.7", or "domain" and "shop.example"
  std::string span;
  std::string because;
  std::string every;
  std::optional<int> percent;
};
constexpr int usual_percent = 50;
using Options = std::shared_ptr<ThrottleOptions>;

Exit show(const DaemonOption& option) {
  const auto answer = ask_daemon(
      option, {.word = ControlRequest::Word::throttle, .policy = {}, .span = {}}, patience);
  if (!answer) return answer.error();
  if (option.json) {
    fmt::print("{}\n", answer->line);
  } else {
    fmt::print("{}", throttle_text(answer->json, Terminal::of(stdout)));
  }
  return Exit::done;
}

// Where pauses are kept, and the configuration, unless a file was named instead.
struct Place {
  std::optional<Config> config;
  std::unique_ptr<BackoffBook> book;
};

Result<Place> place_of(const ThrottleOptions& options) {
  Place place;
  StoreConfig store;
  store.path = options.store;
  if (options.store.empty()) {
    ICM_TRY(place.config, load_configuration(options.config));
    store = place.config->store;
  }
  ICM_TRY(place.book, open_backoffs(store, credentials_directory()));
  return place;
}

// A pause of an address that no mail leaves from would hold nothing, and nobody would know.
Status check_leaves(const Backoff& backoff, const Place& place) {
  const bool is_of_egress = backoff.kind == BackoffKind::pause || backoff.kind == BackoffKind::slow;
  if (!is_of_egress || backoff.subject == every_egress || !place.config) return {};
  std::vector<std::string> known;
  for (const IpAddress& address : ThrottlePlan(*place.config).all_egress()) {
    if (address.text() == backoff.subject) return {};
    known.push_back(address.text());
  }
  return fail(Code::syntax,
              fmt::format("no mail leaves from {}: egress.addresses and the egress of the streams "
                          "name {}",
                          backoff.subject,
                          known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
}

// "192.0.2.7" is of `plain`; "domain shop.example" says its kind.
Result<Backoff> read_what(const std::vector<std::string>& what, BackoffKind plain) {
  Backoff backoff;
  backoff.kind = plain;
  if (what.size() == 2) {
    const auto kind = backoff_kind(what[0]);
    const bool is_known = kind && *kind != BackoffKind::pause && *kind != BackoffKind::slow;
    if (!is_known) {
      return fail(Code::syntax, fmt::format("expected recipient, domain or template, got \"{}\"",
                                            for_log(what[0])));
    }
    backoff.kind = *kind;
  }
  ICM_TRY(backoff.subject, backoff_subject(backoff.kind, what.back()));
  return backoff;
}

Result<std::chrono::seconds> read_span(std::string_view option, const std::string& text) {
  const auto span = parse_span(text);
  if (span && *span >= std::chrono::seconds{1} && *span <= longest_pause) return *span;
  return fail(Code::syntax,
              fmt::format("{}: expected a span from 1s to {} such as 15m or 2h, got \"{}\"", option,
                          to_span(longest_pause), for_log(text)));
}

// The mode that the running daemon has, which a command may have changed; empty when it cannot be
// asked.
std::string mode_in_use(const Config& config) {
  if (config.control.socket.empty()) return {};
  const auto answer =
      exchange_lines(config.control.socket,
                     to_line({.word = ControlRequest::Word::throttle, .policy = {}, .span = {}}),
                     Deadline::in(mode_patience));
  if (!answer) return {};
  return text_of(nlohmann::ordered_json::parse(*answer, nullptr, false), "mode");
}

// Whoever pauses believes that mail stops.
void warn_of_mode(const Config& config) {
  const std::string in_use = mode_in_use(config);
  const std::string mode = in_use.empty() ? std::string(to_string(config.throttle.mode)) : in_use;
  if (mode == "enforce") return;
  complain(
      fmt::format("warning: mail goes on: throttle.mode is {}{}; write enforce in milter.conf, "
                  "or run icloud-milterctl policy throttle enforce",
                  clean(mode), in_use.empty() ? " in the configuration" : " in the daemon"));
}

Status put(const ThrottleOptions& options, Backoff backoff) {
  const WallTime now = now_in_seconds();
  backoff.since = now;
  if (!options.span.empty()) {
    ICM_TRY(const std::chrono::seconds span, read_span("--for", options.span));
    backoff.until = now + span;
  }
  backoff.by = deed_of(Deed::Kind::add, now).who;
  backoff.why = options.because.substr(0, longest_why);
  ICM_TRY(const Place place, place_of(options));
  ICM_CHECK(check_leaves(backoff, place));
  ICM_CHECK(place.book->put(backoff, lock_deadline()));
  // What is kept of a recipient cannot be read; who gave the address knows it.
  if (backoff.kind == BackoffKind::recipient && options.what.back() != backoff.subject) {
    backoff.subject = fmt::format("{} ({})", options.what.back(), backoff.subject);
  }
  fmt::print("{}\n", one_line(backoff));
  if (place.config) warn_of_mode(*place.config);
  return {};
}

Status pause(const ThrottleOptions& options) {
  ICM_TRY(Backoff backoff, read_what(options.what, BackoffKind::pause));
  if (backoff.kind == BackoffKind::recipient) {
    return fail(Code::syntax,
                "a recipient cannot be paused: suppress the address for a while, or "
                "slow it");
  }
  if (!options.every.empty() && backoff.kind != BackoffKind::pause) {
    return fail(Code::syntax, "--every is for an address that mail leaves from, or all");
  }
  if (!options.every.empty()) {
    ICM_TRY(backoff.every, read_span("--every", options.every));
  }
  return put(options, std::move(backoff));
}

Status slow(const ThrottleOptions& options) {
  ICM_TRY(Backoff backoff, read_what(options.what, BackoffKind::slow));
  if (backoff.kind == BackoffKind::recipient) {
    if (options.every.empty()) {
      return fail(Code::syntax, "--every is missing: one message in how long? such as 30m");
    }
    ICM_TRY(backoff.every, read_span("--every", options.every));
  } else if (backoff.kind != BackoffKind::slow) {
    return fail(Code::syntax,
                fmt::format("a {} cannot be slowed, only paused", to_string(backoff.kind)));
  } else if (!options.every.empty()) {
    return fail(Code::syntax, "--every is for a recipient; of an address, --percent is left");
  }
  if (backoff.kind == BackoffKind::recipient && options.percent) {
    return fail(Code::syntax, "--percent is for an address that mail leaves from, or all");
  }
  backoff.percent = options.percent.value_or(usual_percent);
  return put(options, std::move(backoff));
}

// An address is both no longer paused and no longer slowed.
Result<bool> resume(const ThrottleOptions& options) {
  ICM_TRY(const Backoff named, read_what(options.what, BackoffKind::pause));
  ICM_TRY(const Place place, place_of(options));
  bool is_found = false;
  for (const BackoffKind kind : {named.kind, BackoffKind::slow}) {
    if (kind != named.kind && named.kind != BackoffKind::pause) continue;
    ICM_TRY(const bool is_removed, place.book->remove(kind, named.subject, lock_deadline()));
    if (is_removed) fmt::print("{} {}: removed\n", to_string(kind), clean(named.subject));
    is_found = is_found || is_removed;
  }
  return is_found;
}

Status list(const ThrottleOptions& options) {
  ICM_TRY(const Place place, place_of(options));
  ICM_TRY(const auto all, place.book->all(lock_deadline()));
  std::vector<Backoff> in_force;
  const WallTime now = SystemClock().now();
  for (const Backoff& one : all) {
    if (!one.until || *one.until > now) in_force.push_back(one);
  }
  fmt::print("{}", backoffs_text(in_force, Terminal::of(stdout)));
  return {};
}

Exit exit_of(const Status& status) { return status ? Exit::done : complain_about(status.error()); }

Exit exit_of_resume(const ThrottleOptions& options) {
  const Result<bool> is_found = resume(options);
  if (!is_found) return complain_about(is_found.error());
  return *is_found ? Exit::done : complain("nothing of the kind is paused or slowed");
}

CLI::App& add_word(CLI::App& throttle, Chosen& chosen, const Options& options,
                   const std::string& word, const std::string& help,
                   std::function<Exit(const ThrottleOptions&)> run) {
  CLI::App* command = throttle.add_subcommand(word, help);
  auto* store = command->add_option("--store", options->store,
                                    "The store. Default: store.path of the configuration.");
  store->option_text("FILE");
  command->add_option("--config", options->config, std::string(config_option_help))
      ->option_text("FILE")
      ->excludes(store);
  command->callback([&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
  return *command;
}

void add_what(CLI::App& command, const Options& options, const std::string& help) {
  command.add_option("WHAT", options->what, help)->required()->expected(1, 2)->option_text("...");
}

void add_end(CLI::App& command, const Options& options) {
  command
      .add_option("--for", options->span,
                  "How long, as 15m, 2h or 1d. Default: until it is resumed.")
      ->option_text("SPAN");
  command
      .add_option("--because", options->because, "Why; shown to senders, in the log and in lists.")
      ->option_text("TEXT");
}

}  // namespace

void add_throttle(CLI::App& app, Chosen& chosen) {
  CLI::App* throttle = app.add_subcommand(
      "throttle", "Says how the limits on mail to Apple stand; pauses and slows by hand.");
  throttle->require_subcommand(1);

  CLI::App* shown = throttle->add_subcommand(
      "show",
      "What the running daemon has counted: each limit, how much of it is used, when it is free, "
      "the warm-up's day, what is paused or slowed.");
  const auto daemon = std::make_shared<DaemonOption>();
  daemon->add_to(*shown);
  shown->callback([daemon, &chosen] { chosen = [daemon] { return show(*daemon); }; });

  const auto options = std::make_shared<ThrottleOptions>();
  CLI::App& paused = add_word(*throttle, chosen, options, "pause",
                              "Lets nothing go, at the latest a second from now.",
                              [](const auto& given) { return exit_of(pause(given)); });
  add_what(paused, options,
           "An address that mail leaves from, or all; or: domain NAME, template FORM.");
  paused
      .add_option("--every", options->every,
                  "One message in so long goes all the same, to see whether Apple takes it; the "
                  "first after so long.")
      ->option_text("SPAN");
  add_end(paused, options);

  CLI::App& slowed = add_word(*throttle, chosen, options, "slow", "Lets less go.",
                              [](const auto& given) { return exit_of(slow(given)); });
  add_what(slowed, options, "An address that mail leaves from, or all; or: recipient ADDRESS.");
  slowed
      .add_option("--percent", options->percent,
                  "What is left of every limit for mail that leaves there. Default: 50.")
      ->check(CLI::Range(1, 99))
      ->option_text("NUMBER");
  slowed.add_option("--every", options->every, "Of a recipient: one message in so long.")
      ->option_text("SPAN");
  add_end(slowed, options);

  CLI::App& resumed = add_word(*throttle, chosen, options, "resume",
                               "Ends what was paused or slowed.", exit_of_resume);
  add_what(resumed, options, "What was paused or slowed, in the same words.");
  add_word(*throttle, chosen, options, "list", "What is paused or slowed, from the store.",
           [](const auto& given) { return exit_of(list(given)); });
  throttle->footer(
      "Exit status: 0 done, 1 not, 2 usage, 3 no daemon.\n"
      "Examples:\n"
      "  icloud-milterctl throttle show\n"
      "  icloud-milterctl throttle pause 192.0.2.7 --for 15m --because \"421 [HCM1]\"\n"
      "  icloud-milterctl throttle slow recipient bob@icloud.com --every 30m --for 1d\n"
      "  icloud-milterctl throttle resume 192.0.2.7");
}

}  // namespace icm::ctl
