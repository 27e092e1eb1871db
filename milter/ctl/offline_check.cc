// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/offline_check.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/message_file.h"
#include "milter/envelope_arguments.h"
#include "milter/session.h"
#include "policy/auth/auth_results.h"
#include "policy/base/text.h"
#include "policy/store/stores.h"

namespace icm::ctl {
namespace {

constexpr std::string_view daemon_name = "OFFLINE";  // {daemon_name} of the connection we play
constexpr int smtp_client_port = 25;                 // any but 0, which would be no SMTP
constexpr std::string_view no_queue_id;
constexpr std::chrono::seconds wait_for_store{5};

// Where there is no list, nobody is suppressed.
// What the session logs, for the one thread that asks.
class DecisionKeeper final : public Log {
 public:
  void decision(Decision decision) override { kept_ = std::move(decision); }
  void say(LogLevel, std::string_view) override {}
  std::optional<Decision> take() { return std::exchange(kept_, std::nullopt); }

 private:
  std::optional<Decision> kept_;
};

// Grants every change and writes it down.
class ChangeNotes final : public Mta {
 public:
  bool insert_header(int, std::string_view name, std::string_view value) override {
    changes_.push_back(fmt::format("add {}: {}", name, value));
    return true;
  }
  bool remove_header(std::string_view name, int occurrence) override {
    changes_.push_back(fmt::format("remove {} number {}", name, occurrence));
    return true;
  }
  bool quarantine(std::string_view reason) override {
    changes_.push_back(fmt::format("hold: {}", reason));
    return true;
  }
  bool delete_recipient(std::string_view recipient) override {
    changes_.push_back(fmt::format("take off {}", recipient));
    return true;
  }
  void progress() override {}

  std::vector<std::string> take() { return std::move(changes_); }

 private:
  std::vector<std::string> changes_;
};

// Hands a message file to a session as libmilter hands over a message.
class SessionFeeder final : public MessageSink {
 public:
  explicit SessionFeeder(Session& session) : session_(session) {}
  void header(std::string_view name, std::string_view value) override {
    session_.header(name, value);
  }
  void end_of_header() override { session_.end_of_header(); }
  void body(std::string_view chunk) override {
    if (!session_.body_is_settled()) session_.body(chunk);
  }

 private:
  Session& session_;
};

// Takes a message that nobody judges: whether it can be read is still worth knowing.
class NoSink final : public MessageSink {
 public:
  void header(std::string_view, std::string_view) override {}
  void end_of_header() override {}
  void body(std::string_view) override {}
};

// Visits the policies of a Config and nothing else of it.
struct PolicyEnforcer {
  template <class... Rest>
  void section(const Rest&...) {}
  template <class... Rest>
  void list(const Rest&...) {}
  void policy(std::string_view, PolicyConfig& settings, std::string_view) {
    const auto raise = [](Mode& mode) {
      if (mode == Mode::observe) mode = Mode::enforce;
    };
    raise(settings.mode);
    for (auto& [rule, mode] : settings.rules) raise(mode);
    settings.percent = 100;
    settings.until.reset();
  }
};

// The arguments of MAIL or RCPT as libmilter gives them: the address in angle brackets, then the
// parameters. A quoted local part may hold blanks (RFC 5321 §4.1.2).
std::vector<std::string> smtp_arguments(std::string_view text) {
  bool is_quoted = false;
  std::size_t end = 0;
  for (; end < text.size() && (is_quoted || text[end] != ' '); ++end) {
    if (text[end] == '"') is_quoted = !is_quoted;
    if (is_quoted && text[end] == '\\' && end + 1 < text.size()) ++end;
  }
  const std::string_view address = text.substr(0, end);
  std::vector<std::string> arguments = {address.starts_with('<') ? std::string(address)
                                                                 : fmt::format("<{}>", address)};
  for (const std::string_view parameter : split(text.substr(end), ' ')) {
    if (!parameter.empty()) arguments.emplace_back(parameter);
  }
  return arguments;
}

std::string_view without_brackets(std::string_view address) {
  if (address.starts_with('<')) address.remove_prefix(1);
  if (address.ends_with('>')) address.remove_suffix(1);
  return address;
}

bool is_refusal(const Answer& answer) { return answer.kind == Answer::Kind::refuse; }

// Names each recipient to the session.
std::vector<OfflineRecipient> name_recipients(const OfflineMessage& message, Session& session,
                                              DecisionKeeper& log, const World& world) {
  std::vector<OfflineRecipient> recipients;
  for (const std::string& text : message.recipients) {
    const std::vector<std::string> words = smtp_arguments(text);
    const std::vector<std::string_view> arguments(words.begin(), words.end());
    OfflineRecipient recipient;
    recipient.text = without_brackets(words.front());
    recipient.answer = session.rcpt(arguments, no_queue_id);
    const Deadline deadline = Deadline::in(world.config().limits.message_deadline);
    const Reach reach = reach_of(recipient_of(arguments), world.apple(), deadline);
    recipient.is_apple = reach != Reach::elsewhere;
    recipient.decision = log.take();
    recipients.push_back(std::move(recipient));
  }
  return recipients;
}

// What hangs on other mail, which is not here.
std::vector<std::string> left_out(const Config& config) {
  std::vector<std::string> sentences;
  const ThrottleConfig& throttle = config.throttle;
  const bool has_limits = !throttle.limits.empty() || !throttle.warm_up.empty();
  if (throttle.mode == Mode::enforce || (throttle.mode == Mode::observe && has_limits)) {
    sentences.emplace_back(
        "throttle: what was sent before, and what is paused, is known to the daemon alone "
        "(icloud-milterctl throttle show)");
  }
  return sentences;
}

}  // namespace

bool OfflineOutcome::passes() const {
  const bool refused_one = std::ranges::any_of(
      recipients, [](const OfflineRecipient& recipient) { return is_refusal(recipient.answer); });
  if (refused_one) return false;
  return !message || (message->verdict.disposition < Disposition::quarantine &&
                      message->removed_recipients.empty());
}

Config enforced(Config config) {
  PolicyEnforcer enforcer;
  describe(config, enforcer);
  return config;
}

Result<std::shared_ptr<const World>> offline_world(Config config,
                                                   std::unique_ptr<Resolver> resolver,
                                                   SealingKeys keys) {
  if (is_first_start(config.store)) {
    return World::over(std::move(config), empty_list(), std::move(resolver), std::move(keys),
                       World::Host::foreign);
  }
  ICM_TRY(auto list, open_list(config.store, Missing::refuse, Deadline::in(wait_for_store),
                               credentials_directory()));
  std::unique_ptr<Ledger> ledger;
  if (asks_ledger(config)) {
    ICM_TRY(ledger,
            open_ledger(config.store, Deadline::in(wait_for_store), credentials_directory()));
  }
  return World::over(std::move(config), std::move(list), std::move(resolver), std::move(keys),
                     World::Host::foreign, nullptr, std::move(ledger));
}

Config for_offline_role(Config config, Role role, bool is_origin_known) {
  config.roles = {.gate = {}, .direct = {}, .arrival = {}};
  (role == Role::direct ? config.roles.direct : config.roles.gate).emplace_back(daemon_name);
  if (is_origin_known) config.arrival.covered = true;
  return config;
}

Result<OfflineOutcome> check_offline(const OfflineMessage& message,
                                     std::shared_ptr<const World> world, const Clock& clock) {
  const Config& config = world->config();
  CurrentWorld current(world);
  DecisionKeeper log;
  Slots slots(1);
  Session session({.world = current, .log = log, .clock = clock, .slots = slots});
  session.connect(
      {.name = message.client_name, .address = message.client, .port = smtp_client_port},
      daemon_name);
  session.helo(message.helo);
  const std::vector<std::string> words = smtp_arguments(message.mail_from);
  const std::vector<std::string_view> arguments(words.begin(), words.end());
  const bool is_gate = message.role == Role::gate;
  // At the gate the client is the mail server itself, which has no login.
  session.mail(arguments, is_gate ? std::string_view() : message.login);

  OfflineOutcome outcome;
  outcome.recipients = name_recipients(message, session, log, *world);
  if (std::ranges::any_of(outcome.recipients, &OfflineRecipient::is_apple)) {
    outcome.left_out = left_out(config);
  }
  const auto longest_field = static_cast<std::size_t>(config.limits.header_octets) + 1;
  if (session.data(no_queue_id).kind == Answer::Kind::let_go) {
    NoSink unread;
    ICM_CHECK(read_message(message.file, longest_field, unread));
    return outcome;
  }
  if (is_gate && message.origin) {
    Envelope arrived;
    arrived.origin = *message.origin;
    arrived.login = message.login;
    session.header(auth_results_field,
                   " " + arrival_results(config, world->authserv_id(), arrived));
  }
  SessionFeeder feeder(session);
  ICM_CHECK(read_message(message.file, longest_field, feeder));
  ChangeNotes changes;
  const Answer answer = session.end_of_message(no_queue_id, changes);
  outcome.message = log.take();
  outcome.changes = changes.take();
  // What is refused is not changed.
  if (is_refusal(answer)) outcome.changes.clear();
  return outcome;
}

}  // namespace icm::ctl
