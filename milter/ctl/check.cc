// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl check: judges one message offline, as the daemon would.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/command.h"
#include "milter/ctl/configuration.h"
#include "milter/ctl/decision_print.h"
#include "milter/ctl/dns_option.h"
#include "milter/ctl/log_filter.h"
#include "milter/ctl/offline_check.h"
#include "milter/ctl/one_of.h"
#include "milter/ctl/terminal.h"
#include "milter/decision_reader.h"
#include "milter/reply_text.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr int detail_indent = 2;

// As the command line has it.
struct Options {
  OfflineMessage message;
  std::string role = "gate";
  std::string origin;
  std::string client = "127.0.0.1";
  std::vector<std::string> egress;
  std::string egress_helo;
  DnsOption dns;
  std::string now;
  bool enforce = false;
  bool json = false;
};

// A decision as the log has it, and as the log is printed.
struct Written {
  explicit Written(const Decision& decision) : line(to_json(decision)) {
    if (!reader.read(line, record)) record = {};  // only a decision longer than any line
  }
  std::string line;
  DecisionReader reader;
  DecisionRecord record;
};

// The reply stands with the finding that decided; here only where no finding did.
std::string verdict_text(std::string_view disposition, const SmtpReply& reply,
                         const std::optional<Decision>& decision, const Terminal& terminal) {
  const std::string word = terminal.paint(style_of(disposition), disposition);
  if (reply.code == 0 || (decision && !decision->verdict.rule.empty())) return word;
  return fmt::format("{}, {}", word, clean(to_string(legal_reply(reply))));
}

std::string print_recipient(const OfflineRecipient& recipient, const Terminal& terminal) {
  const std::string name = recipient.text.empty() ? "<>" : clean(recipient.text);
  if (!recipient.is_apple) {
    return fmt::format("to {}: {}\n", name, terminal.paint(Style::dim, "not Apple's, not judged"));
  }
  const bool is_refused = recipient.answer.kind == Answer::Kind::refuse;
  const std::string_view word = !is_refused                          ? "accept"
                                : recipient.answer.reply.code >= 500 ? "reject"
                                                                     : "defer";
  std::string text =
      fmt::format("to {}: {}\n", name,
                  verdict_text(word, recipient.answer.reply, recipient.decision, terminal));
  if (!recipient.decision) return text;
  return text + print_findings(Written(*recipient.decision).record, detail_indent, terminal);
}

std::string print_message(const OfflineOutcome& outcome, const Terminal& terminal) {
  if (!outcome.message) {
    const bool is_for_apple = std::ranges::any_of(outcome.recipients, &OfflineRecipient::is_apple);
    return is_for_apple ? "message: not judged, since no recipient of Apple's is left\n"
                        : "message: not judged, since it is not for Apple\n";
  }
  const Decision& decision = *outcome.message;
  const Written written(decision);
  const auto line = [&](std::string_view label, std::string_view value, std::string_view reason) {
    return fmt::format("  {}{}{}\n", terminal.paint(Style::dim, fmt::format("{:<18}", label)),
                       clean(value), reason.empty() ? "" : fmt::format(" ({})", clean(reason)));
  };
  std::string text =
      fmt::format("message: {}\n", verdict_text(to_string(decision.verdict.disposition),
                                                decision.verdict.reply, outcome.message, terminal));
  text +=
      line("class", to_string(decision.classification.mail_class), decision.classification.reason);
  text += line("origin", to_string(decision.envelope.origin), decision.envelope.origin_reason);
  for (const std::string& change : outcome.changes) {
    // A field that is folded (RFC 5322 §2.2.3) stands as it would in the message.
    std::string_view label = "change";
    for (const std::string_view part : split(change, '\n')) {
      text += line(label, part.ends_with('\r') ? part.substr(0, part.size() - 1) : part, {});
      label = {};
    }
  }
  return text + print_findings(written.record, detail_indent, terminal);
}

// How many findings had no effect because their policy only observes.
std::size_t observed(const OfflineOutcome& outcome) {
  std::size_t count = 0;
  const auto add = [&](const std::optional<Decision>& decision) {
    if (!decision) return;
    count += static_cast<std::size_t>(
        std::ranges::count_if(decision->verdict.findings, [](const Judged& judged) {
          return !judged.held_back.empty() && judged.would != Disposition::accept;
        }));
  };
  for (const OfflineRecipient& recipient : outcome.recipients) add(recipient.decision);
  add(outcome.message);
  return count;
}

std::string print_outcome(const OfflineMessage& message, const OfflineOutcome& outcome,
                          const Terminal& terminal) {
  const std::string conclusion = outcome.passes()
                                     ? terminal.paint(Style::green, "would pass")
                                     : terminal.paint(Style::red, "would not pass as it is");
  std::string text = fmt::format("{}: {}", clean(message.file), conclusion);
  if (const std::size_t count = observed(outcome); count > 0) {
    text += fmt::format("; {} {} only observed (--enforce makes {} act)", count,
                        count == 1 ? "finding is" : "findings are", count == 1 ? "it" : "them");
  }
  text += "\n\n";
  for (const OfflineRecipient& recipient : outcome.recipients) {
    text += print_recipient(recipient, terminal);
  }
  text += print_message(outcome, terminal);
  for (const std::string& sentence : outcome.left_out) {
    text += terminal.paint(Style::dim, "not asked here: " + sentence) + "\n";
  }
  return text;
}

std::string json_lines(const OfflineOutcome& outcome) {
  std::string lines;
  for (const OfflineRecipient& recipient : outcome.recipients) {
    if (recipient.decision) lines += to_json(*recipient.decision) + '\n';
  }
  if (outcome.message) lines += to_json(*outcome.message) + '\n';
  return lines;
}

template <class Enum, std::size_t count>
std::optional<Enum> named(const Enum (&values)[count], std::string_view name) {
  const auto found = std::ranges::find(values, name, [](Enum value) { return to_string(value); });
  return found == std::end(values) ? std::nullopt : std::optional(*found);
}

// What the words on the command line mean, checked together.
Status resolve(Options& options) {
  OfflineMessage& message = options.message;
  message.role = named(all_roles, options.role).value_or(Role::gate);
  message.origin = named(all_origins, options.origin);
  if (message.role == Role::direct && message.origin) {
    return fail(Code::syntax,
                "--origin is for --role gate; at the role direct the connection shows the origin: "
                "use --client and --login");
  }
  if (message.role == Role::gate && !message.login.empty()) {
    if (message.origin && message.origin != Origin::submission) {
      return fail(Code::syntax, "--login means --origin submission");
    }
    message.origin = Origin::submission;
  }
  const Result<IpAddress> client = IpAddress::parse(options.client);
  if (!client) return fail_at("--client", client.error());
  message.client = *client;
  message.client_name = message.helo;
  return {};
}

Result<WallTime> time_of(const Options& options) {
  const WallTime now = SystemClock().now();
  if (options.now.empty()) return now;
  const Result<WallTime> time = parse_moment(options.now, now);
  if (!time) return fail_at("--now", time.error());
  return *time;
}

// What if it left by these addresses, with this name?
Status take_egress(const std::vector<std::string>& addresses, const std::string& helo,
                   Config& config) {
  if (!helo.empty()) {
    config.egress.helo = helo;
    for (StreamConfig& stream : config.streams) stream.helo.clear();
  }
  if (addresses.empty()) return {};
  config.egress.addresses.clear();
  for (StreamConfig& stream : config.streams) stream.egress.clear();
  for (const std::string& text : addresses) {
    const Result<IpAddress> address = IpAddress::parse(text);
    if (!address) return fail_at("--egress", address.error());
    config.egress.addresses.push_back(*address);
  }
  return {};
}

// The keys that would seal. They are the daemon's to read: for who may not, sealing is left out.
SealingKeys sealing_keys(Config& config) {
  if (config.arc_sealing.mode == Mode::off) return {};
  auto keys = SealingKeys::load(config.arc_sealing.keys, credentials_directory());
  if (keys) return *std::move(keys);
  config.arc_sealing.mode = Mode::off;
  complain("arc_sealing is left out, since its keys cannot be read:\n" + keys.error().text);
  return {};
}

Result<OfflineOutcome> judge(Options& options) {
  ICM_CHECK(resolve(options));
  ICM_TRY(const WallTime now, time_of(options));
  ICM_TRY(Config config, load_configuration(options.dns.config));
  ICM_CHECK(take_egress(options.egress, options.egress_helo, config));
  if (options.enforce) config = enforced(std::move(config));
  const OfflineMessage& message = options.message;
  ICM_TRY(auto resolver, options.dns.open());
  SealingKeys keys = sealing_keys(config);
  ICM_TRY(const auto world, offline_world(for_offline_role(std::move(config), message.role,
                                                           message.origin.has_value()),
                                          std::move(resolver), std::move(keys)));
  return check_offline(message, world, FixedClock(now));
}

Exit judge_and_print(Options options) {
  const Result<OfflineOutcome> outcome = judge(options);
  // 1 is the answer "would be refused", so a question that could not be answered is a 2.
  if (!outcome) return complain(outcome.error().text, Exit::usage);
  const std::string text = options.json
                               ? json_lines(*outcome)
                               : print_outcome(options.message, *outcome, Terminal::of(stdout));
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (std::fflush(stdout) != 0) return complain("cannot write the answer", Exit::usage);
  if (text.empty()) complain("no decision, since the message is not for Apple");
  return outcome->passes() ? Exit::done : Exit::refused;
}

void add_dialogue(CLI::App& check, Options& options) {
  OfflineMessage& message = options.message;
  check
      .add_option("--mail-from", message.mail_from,
                  "The envelope sender, an address, or \"<>\" for the null sender of bounces. "
                  "Parameters of MAIL may follow: \"news@shop.example BODY=8BITMIME\". Required.")
      ->option_text("ADDRESS")
      ->required();
  check
      .add_option(
          "--rcpt", message.recipients,
          "A recipient; give it once for each. Those that are not Apple's are not judged. "
          "Parameters of RCPT may follow: \"bob@icloud.com ORCPT=rfc822;list@shop.example\". "
          "Required.")
      ->option_text("ADDRESS")
      ->allow_extra_args(false)
      ->required();
  check
      .add_option("--role", options.role,
                  "Where the milter stands: gate (the hop before the exit) or direct (submission "
                  "and gate in one). Default: gate.")
      ->option_text("ROLE")
      ->check(one_of({"gate", "direct"}));
  check
      .add_option("--origin", options.origin,
                  "At the gate: how the message came in, as arrival would have written it into the "
                  "header: submission, relay, local or forwarded. Default: what the header shows.")
      ->option_text("ORIGIN")
      ->check(one_of({"submission", "relay", "local", "forwarded"}));
  check
      .add_option("--login", message.login,
                  "The SASL login of the client. At the gate it means --origin submission. "
                  "Default: none.")
      ->option_text("NAME");
  check
      .add_option("--client", options.client,
                  "The IP address of the client; at the role direct it decides the origin. "
                  "Default: 127.0.0.1.")
      ->option_text("IP");
  check
      .add_option("--helo", message.helo, "The client's name in HELO or EHLO. Default: localhost.")
      ->option_text("NAME");
}

}  // namespace

void add_check(CLI::App& app, Chosen& chosen) {
  const auto options = std::make_shared<Options>();
  options->message.helo = "localhost";
  CLI::App* check = app.add_subcommand(
      "check",
      "Judges a message file offline, exactly as the daemon would: what would be decided for each "
      "recipient and for the message, why, and what to do about it.");
  check
      ->add_option(
          "MESSAGE", options->message.file,
          "The message; - is standard input. Where its first 64 KiB hold a CRLF, only CRLF "
          "ends a line of the body, and a bare LF counts as one; in any other file LF "
          "ends a line. A bare CR always counts as one. A \"From \" line of an mbox at the "
          "top is passed over. Required.")
      ->option_text(" ")
      ->required();
  add_dialogue(*check, *options);
  check
      ->add_option("--egress", options->egress,
                   "An address it would leave from; give it once for each. Default: those of the "
                   "configuration.")
      ->option_text("IP")
      ->allow_extra_args(false);
  check
      ->add_option("--egress-helo", options->egress_helo,
                   "The name it would give in HELO there. Default: that of the configuration; "
                   "without one HELO is not judged, since the name of this host may be another.")
      ->option_text("NAME");
  options->dns.add_to(*check);
  check
      ->add_option("--now", options->now,
                   "Judges as at this time: 2026-11-21, 2026-11-21T08:15:30Z, @1763712930, or how "
                   "long ago: 24h, 7d. Default: now.")
      ->option_text("TIME");
  check->add_flag("--enforce", options->enforce,
                  "Judges as if every policy and rule that observes were enforced, whatever its "
                  "percent and until say.");
  check->add_flag(
      "--json", options->json,
      "The decisions as the decision log would have them, one JSON object a line: those "
      "on single recipients first, then the one on the message.");
  check->footer(
      "The suppression list is the one the configuration names; without that file nobody is\n"
      "suppressed. Limits and pauses (throttle) are the daemon's to know. Nothing is written or\n"
      "sent.\n"
      "Exit status: 0 would pass, 1 would be refused, deferred, held or lose a recipient,\n"
      "2 could not be judged.\n"
      "Example:\n"
      "  icloud-milterctl check news.eml --mail-from news@shop.example --rcpt bob@icloud.com "
      "--enforce");
  check->callback([options, &chosen] { chosen = [options] { return judge_and_print(*options); }; });
}

}  // namespace icm::ctl
