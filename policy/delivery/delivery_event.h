// SPDX-License-Identifier: Apache-2.0
//
// What became of one recipient of one message, as our own mail server wrote it down: in its log, or
// in a bounce.
#pragma once

#include <string>
#include <string_view>

#include "policy/base/clock.h"

namespace icm {

enum class DeliveryStatus { sent, deferred, bounced, expired };

std::string_view to_string(DeliveryStatus status);  // "sent", "deferred", "bounced", "expired"

// Who tells: the log of our mail server, or a bounce, which tells again what the log has.
enum class Teller { log, report };

// Every text is as hostile as the line it was found in.
struct DeliveryEvent {
  WallTime time{};
  std::string queue_id;    // empty where the source does not say
  std::string recipient;   // Mailbox::key() where it is an address; else as it was written
  std::string relay_host;  // empty: none was reached
  std::string relay_ip;
  DeliveryStatus status = DeliveryStatus::sent;
  std::string enhanced_status;  // "4.7.0"; the mail server's own, not the receiver's: it tells
                                // nothing about the cause
  std::string reply;            // for parse_received_reply
  std::string key;  // the same for the same event, however often it is read; never empty
  Teller teller = Teller::log;
  bool is_apples = true;  // false: perhaps of somebody else, who speaks for this recipient alone
  bool operator==(const DeliveryEvent&) const = default;
};

// What the decision log says of a queue id; what it does not say is empty.
struct Handover {
  std::string stream;
  std::string origin;       // as the decision log has it: "submission", "forwarded"
  std::string login;        // of who submitted it
  std::string sender;       // the reverse-path
  std::string from_domain;  // of the From field
  std::string form;         // policy/throttle.h: mail_form
  std::string egress;
  bool operator==(const Handover&) const = default;
};

}  // namespace icm
