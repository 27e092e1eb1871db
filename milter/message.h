// SPDX-License-Identifier: Apache-2.0
//
// Message: one message of a session, from MAIL to its end: what is known of it, and what has to be
// done with it.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "milter/forged_results.h"
#include "milter/settlement.h"
#include "milter/world.h"
#include "policy/auth/auth_results.h"
#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/charges.h"
#include "policy/inspection.h"

namespace icm {

// Judged by one World throughout. Not synchronised; neither copied nor moved.
class Message {
 public:
  explicit Message(std::shared_ptr<const World> current)
      : world(std::move(current)), inspection(world->config()), forged(world->authserv_id()) {}

  bool is_judged() const { return envelope.role != Role::arrival; }
  bool needs_judgement() const { return is_judged() && !apple.empty(); }
  bool enters_here() const { return envelope.role != Role::gate; }
  void name_queue_id(std::string_view queue_id) {
    if (!queue_id.empty()) envelope.queue_id = queue_id;
  }
  Deadline deadline() const { return Deadline::in(world->config().limits.message_deadline); }

  // Whose a recipient is; may ask the DNS where it is judged. With routing.on_error accept, what
  // the DNS does not say is elsewhere.
  Reach reach_of(const Recipient& recipient) const;

  // At MAIL and RCPT: begins the lookups that each such message needs.
  void prefetch_client() const;
  void prefetch_egress() const;
  // At the end of the header, and at the end of the message.
  void begin_authentication();
  void finish_authentication(WallTime now, Deadline deadline);

  // At the end of a message that is judged: has mail alike gone to many? Mail from outside is its
  // author's business.
  void count_alike(Mailings* mailings, WallTime now);

  // All that policies may know, after the last chunk. Refers to this message.
  Facts facts(WallTime now);

  // What every message that enters gets: forged fields go, ours is put on top. May ask whose the
  // recipient is, where that decides what is added.
  std::vector<HeaderEdit> arrival_edits() const;

  std::shared_ptr<const World> world;
  Envelope envelope;
  std::vector<AppleRecipient> apple;
  bool is_of_known_listener = true;
  bool enters_for_apple = false;  // at arrival: it names an Apple recipient
  Inspection inspection;
  ForgedResults forged;
  Charges charges;  // what it has taken of limits, as long as it is not known to go on

 private:
  bool authenticates_client() const;
  bool authenticates_egress() const;
  SpfQuestions leaving() const;
  SpfQuestions entering() const;
  void gather_arrival();
  bool may_be_read_at_apple() const;          // at arrival, the only recipient; may ask the DNS
  bool is_authenticated_ = false;             // lookups have begun
  std::vector<MethodResult> client_results_;  // what our Authentication-Results says of the sender
  std::vector<MethodResult> arrival_;         // with what our other hosts' fields say
};

}  // namespace icm
