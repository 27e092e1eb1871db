// SPDX-License-Identifier: Apache-2.0
#include "milter/session.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "milter/actions.h"
#include "milter/envelope_arguments.h"
#include "milter/message.h"
#include "milter/message_decision.h"
#include "milter/reply_text.h"
#include "milter/settlement.h"
#include "milter/unsettled_recipient.h"
#include "policy/base/text.h"
#include "policy/throttle.h"

namespace icm {
namespace {

constexpr std::chrono::seconds wait_for_slot{1};

const SmtpReply too_busy{.code = 451,
                         .enhanced = "4.3.2",  // RFC 3463 §3.4: not accepting messages now
                         .text = "Too many messages are being judged right now; try again later"};
const SmtpReply change_refused{
    .code = 451,
    .enhanced = "4.3.0",
    .text = "A change to this message could not be made; try again later"};

const SmtpReply not_seen{.code = 451,
                         .enhanced = "4.3.0",
                         .text = "The beginning of this message was not seen; try again later"};

const SmtpReply unknown_listener{
    .code = 451,
    .enhanced = "4.3.5",  // RFC 3463 §3.4: system incorrectly configured
    .text =
        "The mail filter has no role for this listener; the administrator finds its name in "
        "the log; try again later"};

bool names(const std::vector<std::string>& list, std::string_view daemon_name) {
  return std::ranges::find(list, daemon_name) != list.end();
}

Role role_of(const RolesConfig& roles, std::string_view daemon_name) {
  if (names(roles.gate, daemon_name)) return Role::gate;
  if (names(roles.direct, daemon_name)) return Role::direct;
  return Role::arrival;
}

std::string client_of(const Envelope& envelope) {
  return envelope.client ? envelope.client->text() : std::string("none");
}

Answer answer_to(const Verdict& verdict) {
  if (verdict.disposition < Disposition::defer) return {};
  return {.kind = Answer::Kind::refuse, .reply = legal_reply(verdict.reply)};
}

Verdict deferral(const SmtpReply& reply) {
  Verdict verdict;
  verdict.disposition = Disposition::defer;
  verdict.reply = reply;
  return verdict;
}

class Stopwatch {
 public:
  std::chrono::microseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(Deadline::Time::now() - start_);
  }

 private:
  Deadline::Time::time_point start_ = Deadline::Time::now();
};

}  // namespace

Session::Session(SessionContext context) : context_(context) {}
Session::Session(Session&&) noexcept = default;
Session::~Session() = default;

void Session::connect(const Peer& peer, std::string_view daemon_name) {
  message_.reset();
  connection_ = {};
  connection_.client = peer.address;
  connection_.client_name = peer.name;
  connection_.listener = daemon_name;
  transport_ = peer.port == 0 ? Transport::internal : Transport::smtp;
}

void Session::helo(std::string_view name) { connection_.helo = name; }

void Session::mail(std::span<const std::string_view> arguments, std::string_view login) {
  message_ = std::make_unique<Message>(
      context_.world.with([](const std::shared_ptr<const World>& world) { return world; }));
  const Config& config = message_->world->config();
  Envelope& envelope = message_->envelope;
  envelope = connection_;
  envelope.role = role_of(config.roles, connection_.listener);
  if (envelope.role != Role::arrival) {
    if (context_.gate_watch != nullptr) context_.gate_watch->saw_judged();
  } else if (!config.roles.arrival.empty()) {
    message_->is_of_known_listener = names(config.roles.arrival, connection_.listener);
  }
  if (transport_ == Transport::internal) message_->charges.answer_as_one();
  envelope.login = login;
  envelope.reverse_path = reverse_path_of(arguments);
  read_mail_parameters(arguments, envelope);
  OriginDecision origin = origin_of_connection(config.arrival, envelope, transport_);
  envelope.origin = origin.origin;
  envelope.origin_reason = std::move(origin.reason);
  if (envelope.origin != Origin::relay) message_->forged.add_ids(config.arrival.other_ids);
  message_->prefetch_client();
}

Answer Session::rcpt(std::span<const std::string_view> arguments, std::string_view queue_id) {
  if (!message_ || arguments.empty()) return {};
  message_->name_queue_id(queue_id);
  // Mail that came by no SMTP is refused at its end (see judge_recipient).
  if (!message_->is_of_known_listener) {
    return transport_ == Transport::smtp ? refuse_listener() : Answer{};
  }
  Recipient recipient = recipient_of(arguments);
  const Reach reach = message_->reach_of(recipient);
  recipient.is_apple = reach != Reach::elsewhere;
  if (!message_->is_judged()) {
    message_->enters_for_apple = message_->enters_for_apple || recipient.is_apple;
    // Whether it has one recipient, and which, is all that arrival asks.
    const bool counts = message_->world->unsubscribe() && message_->envelope.recipients.size() < 2;
    if (counts) message_->envelope.recipients.push_back(std::move(recipient));
    return {};
  }
  std::string argument(arguments.front());
  if (reach == Reach::apple) return judge_recipient(std::move(argument), std::move(recipient));
  if (auto verdict = answer_to_unsettled(reach, recipient)) {
    log_recipient(*message_, recipient, *verdict, {});
    return take_recipient(std::move(argument), std::move(recipient), *std::move(verdict));
  }
  if (message_->world->config().throttle.counts_everybody()) {
    return count_recipient(std::move(argument), std::move(recipient));
  }
  message_->envelope.recipients.push_back(std::move(recipient));
  return {};
}

Answer Session::judge_recipient(std::string argument, Recipient recipient) {
  Message& message = *message_;
  const Stopwatch watch;
  if (message.apple.empty()) message.prefetch_egress();
  Verdict verdict = message.world->engine().judge_recipient(
      message.envelope, recipient, context_.clock.now(), message.deadline(), &message.charges);
  const std::chrono::microseconds took = watch.elapsed();
  if (context_.meters != nullptr) context_.meters->recipient.took(took);
  if (!verdict.findings.empty()) log_recipient(message, recipient, verdict, took);
  return take_recipient(std::move(argument), std::move(recipient), std::move(verdict));
}

// Not Apple's, but counted as if it were: the policies have nothing else to say of it.
Answer Session::count_recipient(std::string argument, Recipient recipient) {
  Message& message = *message_;
  const Stopwatch watch;
  Verdict verdict = message.world->engine().judge_recipient(
      message.envelope, recipient, context_.clock.now(), message.deadline(), &message.charges);
  if (!verdict.findings.empty()) log_recipient(message, recipient, verdict, watch.elapsed());
  if (verdict.disposition >= Disposition::defer) {
    return take_recipient(std::move(argument), std::move(recipient), std::move(verdict));
  }
  message.envelope.recipients.push_back(std::move(recipient));
  return {};
}

// Refuses the recipient, or keeps it with what is to be done about it at the end of the message.
Answer Session::take_recipient(std::string argument, Recipient recipient, Verdict verdict) {
  const Answer answer = answer_to(verdict);
  if (answer.kind == Answer::Kind::refuse && transport_ == Transport::smtp) return answer;
  message_->apple.push_back({.index = message_->envelope.recipients.size(),
                             .argument = std::move(argument),
                             .verdict = std::move(verdict)});
  message_->envelope.recipients.push_back(std::move(recipient));
  return {};
}

Answer Session::refuse_listener() {
  context_.log.say(
      LogLevel::error,
      fmt::format("{}: deferred: the listener's {{daemon_name}} \"{}\" is in none of roles.gate, "
                  "roles.direct and roles.arrival; mend milter_macro_daemon_name in master.cf, or "
                  "add the name",
                  for_log(message_->envelope.queue_id), for_log(connection_.listener)));
  return {.kind = Answer::Kind::refuse, .reply = unknown_listener};
}

Answer Session::data(std::string_view queue_id) {
  if (!message_) return {};
  message_->name_queue_id(queue_id);
  if (!message_->is_judged() || message_->needs_judgement()) return {};
  message_->charges.keep({});  // its end is not seen
  message_.reset();
  return {.kind = Answer::Kind::let_go, .reply = {}};
}

void Session::header(std::string_view name, std::string_view value) {
  if (!message_) return;
  message_->inspection.header(name, value);
  if (message_->enters_here()) message_->forged.header(name, value);
}

void Session::end_of_header() {
  if (!message_) return;
  Message& message = *message_;
  if (!message.enters_here()) {
    message.envelope.stream = stream_of_arrival(
        message.world->config(), message.world->authserv_id(), message.inspection.headers());
  }
  message.inspection.end_of_header(message.envelope);
  OriginDecision origin = origin_of_message(message.world->config(), message.world->authserv_id(),
                                            message.envelope, transport_, message.inspection);
  message.envelope.origin = origin.origin;
  message.envelope.origin_reason = std::move(origin.reason);
  message.begin_authentication();
}

void Session::body(std::string_view chunk) {
  if (!body_is_settled()) message_->inspection.body(chunk);
}

bool Session::body_is_settled() const {
  return !message_ ||
         !(message_->needs_judgement() || message_->inspection.authentication_wants_body());
}

Answer Session::end_of_message(std::string_view queue_id, Mta& mta) {
  if (!message_) return {.kind = Answer::Kind::refuse, .reply = not_seen};
  message_->name_queue_id(queue_id);
  if (!message_->is_of_known_listener) {
    const Answer answer = refuse_listener();
    message_.reset();
    return answer;
  }
  const std::unique_ptr<Message> message = std::move(message_);
  if (message->forged.are_too_many()) return refuse_forged(*message);
  if (!message->is_judged()) return finish_arrival(*message, mta);
  // A mail server without DATA (protocols below 4) could not be told earlier.
  if (message->needs_judgement()) return finish_judged(*message, mta);
  message->charges.keep({});
  return {};
}

void Session::abort() { message_.reset(); }

// Nothing forged may go on, and that many cannot be removed.
Answer Session::refuse_forged(Message& message) {
  Verdict verdict;
  verdict.disposition = Disposition::reject;
  verdict.reply = {
      .code = 550,
      .enhanced = "5.7.0",
      .text = fmt::format("more than {} Authentication-Results fields claim to be by {}, which "
                          "removes them wherever mail comes in (RFC 8601 section 5); send the "
                          "message without them",
                          ForgedResults::most, message.world->authserv_id())};
  const Answer answer = answer_to(verdict);
  context_.log.say(
      LogLevel::warning,
      fmt::format("{}: refused: more than {} Authentication-Results claim to be by {}, "
                  "client={}",
                  for_log(message.envelope.queue_id), ForgedResults::most,
                  message.world->authserv_id(), client_of(message.envelope)));
  if (message.is_judged()) log_message(message, std::move(verdict), {}, {});
  return answer;
}

Answer Session::finish_arrival(Message& message, Mta& mta) {
  {
    // Nothing is deferred here for want of time: what is not known by then is a temporary error.
    // Strangers whose name servers are slow get half of the places, so that the gate has the
    // others.
    const int share = message.world->config().limits.concurrent_judgements / 2;
    Slots::Lease slot;
    if (context_.slots.in_use() <= share) slot = context_.slots.take(Deadline::in({}));
    message.finish_authentication(context_.clock.now(),
                                  slot ? message.deadline() : Deadline::in({}));
  }
  const std::string queue_id = for_log(message.envelope.queue_id);
  if (!apply({.headers = message.arrival_edits(), .quarantine_reason = {}, .delete_recipients = {}},
             mta)) {
    context_.log.say(
        LogLevel::error,
        fmt::format("{}: the mail server refused a header change; message deferred", queue_id));
    return {.kind = Answer::Kind::refuse, .reply = change_refused};
  }
  if (message.forged.count() > 0) {
    context_.log.say(LogLevel::warning,
                     fmt::format("{}: removed {} Authentication-Results that claimed to be by {}, "
                                 "client={}",
                                 queue_id, message.forged.count(), message.world->authserv_id(),
                                 client_of(message.envelope)));
  }
  if (message.enters_for_apple && context_.gate_watch != nullptr) {
    const auto warning = context_.gate_watch->saw_arrival(
        connection_.listener, message.world->config().roles, context_.clock.now());
    if (warning) context_.log.say(LogLevel::warning, *warning);
  }
  return {};
}

Answer Session::finish_judged(Message& message, Mta& mta) {
  const Config& config = message.world->config();
  const Deadline deadline = message.deadline();
  const Stopwatch watch;
  Slots::Lease slot = context_.slots.take(Deadline::in({}));
  if (!slot) {
    mta.progress();
    slot = context_.slots.take(deadline.at_most(wait_for_slot));
  }
  const WallTime now = context_.clock.now();
  if (slot) {
    message.finish_authentication(now, deadline);
    message.count_alike(context_.mailings, now);
  }
  Verdict verdict =
      slot ? message.world->engine().judge(message.facts(now), deadline, &message.charges)
           : deferral(too_busy);
  if (!slot && context_.meters != nullptr) {
    context_.meters->turned_away.fetch_add(1, std::memory_order_relaxed);
  }
  slot = {};
  Settlement settlement =
      settle(std::move(verdict), message.apple, message.envelope, config.direct.mixed);
  const std::chrono::microseconds took = watch.elapsed();

  const bool goes_on =
      settlement.verdict.disposition < Disposition::defer || !settlement.removed.empty();
  if (goes_on) {
    Changes changes{.headers = settlement.verdict.headers,
                    .quarantine_reason = settlement.verdict.quarantine_reason,
                    .delete_recipients = settlement.deletions};
    if (message.enters_here())
      std::ranges::move(message.arrival_edits(), std::back_inserter(changes.headers));
    if (!apply(changes, mta)) {
      settlement.verdict.disposition = Disposition::defer;
      settlement.verdict.reply = change_refused;
      settlement.verdict.policy = {};
      settlement.verdict.rule = {};
      settlement.removed.clear();
      context_.log.say(LogLevel::error,
                       fmt::format("{}: the mail server refused a change; message deferred",
                                   for_log(message.envelope.queue_id)));
    }
  }
  const bool is_refused =
      settlement.verdict.disposition >= Disposition::defer && settlement.removed.empty();
  if (!is_refused) message.charges.keep(settlement.removed);
  Answer answer = is_refused ? answer_to(settlement.verdict) : Answer{};
  log_message(message, std::move(settlement.verdict), settlement.removed, took);
  return answer;
}

void Session::log_recipient(const Message& message, const Recipient& recipient, Verdict verdict,
                            std::chrono::microseconds took) {
  if (is_gate_probe(message.envelope, recipient)) return;  // is no mail
  Decision decision;
  decision.time = context_.clock.now();
  decision.event = Decision::Event::recipient;
  decision.envelope = message.envelope;
  decision.envelope.recipients = {recipient};
  decision.verdict = std::move(verdict);
  decision.took = took;
  context_.log.decision(std::move(decision));
}

void Session::log_message(Message& message, Verdict verdict,
                          const std::vector<std::size_t>& removed, std::chrono::microseconds took) {
  Decision decision = decision_of(message, removed);
  decision.time = context_.clock.now();
  decision.verdict = std::move(verdict);
  decision.took = took;
  decision.envelope = std::move(message.envelope);
  context_.log.decision(std::move(decision));
}

}  // namespace icm
