// SPDX-License-Identifier: Apache-2.0
#include "milter/message.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "policy/auth/authentication_report.h"
#include "policy/egress.h"
#include "policy/origin.h"
#include "policy/unsubscribe_addition.h"

namespace icm {
namespace {

constexpr std::chrono::seconds wait_for_mx{2};  // at arrival, where nothing is deferred for it

}  // namespace

// Mail from outside, whose client is known.
bool Message::authenticates_client() const {
  return enters_here() && envelope.client && envelope.origin == Origin::forwarded &&
         world->config().arrival.authenticate;
}

bool Message::authenticates_egress() const {
  return needs_judgement() && world->engine().needs().any();
}

SpfQuestions Message::leaving() const {
  return leaving_by(world->config(), envelope, inspection.classification(), world->host_name());
}

// A redirecting mailbox or another host of ours hands in again what came from outside. SPF is a
// check between border hosts (RFC 7208 Appendix D.3): of that client it can say nothing true.
SpfQuestions Message::entering() const {
  SpfQuestions questions = entering_by(envelope, world->authserv_id());
  const auto client = origin_of_connection(world->config().arrival, envelope, Transport::smtp);
  if (client.origin != Origin::forwarded) questions.clients.clear();
  return questions;
}

Reach Message::reach_of(const Recipient& recipient) const {
  if (!is_judged()) return icm::reach_of(recipient, world->apple());
  const Reach reach = icm::reach_of(recipient, world->apple(), deadline());
  const bool lets_go = world->config().routing.on_error == OnError::accept;
  return reach == Reach::unknown && lets_go ? Reach::elsewhere : reach;
}

void Message::prefetch_client() const {
  if (authenticates_client()) prefetch_spf(entering(), world->auth_sources());
}

void Message::prefetch_egress() const {
  if (!world->engine().needs().sender) return;
  const SpfQuestions questions = leaving();
  prefetch_spf(questions, world->auth_sources());
  world->engine().prefetch(envelope, questions, world->auth_sources());
}

// A header that was not kept whole can verify nothing.
void Message::begin_authentication() {
  if (inspection.header_overflow() || !(authenticates_client() || authenticates_egress())) return;
  is_authenticated_ = true;
  prefetch_alignment(inspection.authors(), authenticates_egress() ? leaving() : entering(),
                     world->auth_sources());
  const bool is_judged_so = authenticates_egress();
  AuthNeeds needs;
  if (is_judged_so) needs = world->engine().needs();
  if (authenticates_client())
    needs = needs | AuthNeeds{.sender = true, .arc = true, .sealing = false};
  inspection.authenticate(
      world->auth_sources(), needs,
      is_judged_so ? Inspection::Opinions::second_too : Inspection::Opinions::ours);
}

void Message::finish_authentication(WallTime now, Deadline deadline) {
  if (!is_authenticated_) return;
  const Config& config = world->config();
  const Deadline by = deadline.at_most(config.authentication.deadline);
  const ReportForm form{
      .client = config.arrival.show_client ? ClientAddress::shown : ClientAddress::withheld,
      .trusted_sealers = config.arrival.trusted_sealers};
  if (!authenticates_egress()) {
    client_results_ =
        method_results(inspection.finish_authentication(entering(), now, by), entering(), form);
    return;
  }
  inspection.finish_authentication(leaving(), now, by);
  if (!authenticates_client()) return;
  client_results_ =
      method_results(inspection.seen_otherwise(entering(), now, by), entering(), form);
}

// Ours first, as in the header: our field is put above those of other hosts.
void Message::gather_arrival() {
  const Config& config = world->config();
  if (!enters_here()) {
    arrival_ = results_of_arrival(config, world->authserv_id(), inspection.headers());
    return;
  }
  arrival_ = client_results_;
  const auto client = origin_of_connection(config.arrival, envelope, Transport::smtp);
  if (client.origin != Origin::relay) return;
  std::ranges::move(results_of_other_hosts(config, world->authserv_id(), inspection.headers()),
                    std::back_inserter(arrival_));
}

Facts Message::facts(WallTime now) {
  gather_arrival();
  Facts facts = inspection.facts(envelope, now);
  facts.arrival = &arrival_;
  return facts;
}

void Message::count_alike(Mailings* mailings, WallTime now) {
  if (mailings == nullptr || envelope.origin == Origin::forwarded) return;
  const auto mail_template = inspection.mail_template(*mailings);
  if (!mail_template) return;
  inspection.take_volume(
      mailings->note(*mail_template, envelope.recipients, now, world->config().mailings));
}

std::vector<HeaderEdit> Message::arrival_edits() const {
  std::vector<HeaderEdit> edits = forged.removals();
  edits.push_back(
      {.kind = HeaderEdit::Kind::insert,
       .name = std::string(auth_results_field),
       .value = arrival_results(world->config(), world->authserv_id(), envelope, client_results_)});
  // At direct the mail has been judged as it came, and nobody signs it any more. Whoever is not at
  // Apple would unsubscribe in vain: no gate of ours sees the mail that he gets.
  if (world->unsubscribe() && envelope.role == Role::arrival && !inspection.header_overflow()) {
    std::vector<HeaderEdit> pair =
        unsubscribe_edits(world->config(), *world->unsubscribe(), envelope, inspection.headers(),
                          inspection.classification());
    if (!pair.empty() && may_be_read_at_apple()) std::ranges::move(pair, std::back_inserter(edits));
  }
  return edits;
}

// RCPT asks nobody, and where mail comes by sendmail(1) nobody has asked before. The gate will know
// the domain, and would refuse for want of the pair: it is added, too, while the DNS does not say.
bool Message::may_be_read_at_apple() const {
  return enters_for_apple || icm::reach_of(envelope.recipients.front(), world->apple(),
                                           Deadline::in(wait_for_mx)) != Reach::elsewhere;
}

}  // namespace icm
