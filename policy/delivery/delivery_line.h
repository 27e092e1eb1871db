// SPDX-License-Identifier: Apache-2.0
//
// What a mail server logs of a delivery: Postfix's "QUEUEID: to=<...>, relay=..., status=... (...)"
// and Sendmail's "QID: to=<...>, relay=..., dsn=..., stat=...".
//
// Two strangers write into such a line: whoever chose an address, at its beginning, and whoever
// answered, at its end. Nothing that either writes may pass for a field. A line that can be read in
// two ways is not read at all.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "policy/delivery/delivery_event.h"

namespace icm {

// Views into the message of the line.
struct DeliveryLine {
  std::string_view queue_id;
  std::vector<std::string_view> recipients;  // without angle brackets; none: about the connection,
                                             // or about the message as a whole
  std::string_view relay_host;               // reached, or tried in vain; empty: none
  std::string_view relay_ip;
  DeliveryStatus status = DeliveryStatus::sent;
  std::string_view enhanced_status;
  std::string_view reply;  // as DeliveryEvent::reply
};

// More recipients in one line are not read: Sendmail begins another one long before.
inline constexpr std::size_t max_line_recipients = 1000;

// `program` is Postfix's smtp(8) or qmgr(8), by whatever name the instance and the transport go, or
// a Sendmail; every other program's lines are none. Both as split_log_line() and the journal have
// them. Nullopt for a line that tells of no delivery, however it failed to.
//
// Left out on purpose: what error(8) logs for mail whose destination Postfix has given up for a
// while ("delivery temporarily suspended") repeats an answer that smtp(8) has logged; what smtp(8)
// logs when it turns to another host, but for a greeting that refuses to talk, ends in a line of
// its own for each recipient; and what verify(8) asked for is no mail ("deliverable").
std::optional<DeliveryLine> parse_delivery_line(std::string_view program, std::string_view message);

// Whether `name` is a part of `program`: "icloud-out" of "postfix/icloud-out/smtp".
bool is_part_of_program(std::string_view program, std::string_view name);

}  // namespace icm
