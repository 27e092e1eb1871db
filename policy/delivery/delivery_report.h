// SPDX-License-Identifier: Apache-2.0
//
// A delivery status notification (RFC 3464; RFC 6533 with UTF-8 addresses), as it comes home to
// whoever sent: what a mail server says became of each recipient. Anybody can write one: what it
// says counts only for a message that we know we sent.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/delivery/apple_traffic.h"
#include "policy/delivery/delivery_event.h"

namespace icm {

// Of larger mails the beginning is read; more parts, or recipients, are passed over.
inline constexpr std::size_t max_report_octets = 1u << 20;
inline constexpr std::size_t max_report_parts = 100;
inline constexpr std::size_t max_report_depth = 4;
inline constexpr std::size_t max_report_recipients = 1000;
inline constexpr std::size_t max_report_received = 32;

// RFC 3464 §2.3. Addresses without their type; fields that are missing are empty.
struct ReportedRecipient {
  std::string original_recipient;
  std::string final_recipient;
  std::string action;       // lower case: "failed", "delayed", "delivered", "relayed", "expanded"
  std::string status;       // "5.1.1"
  std::string remote_host;  // Remote-MTA
  std::string diagnostic_code;  // with its type: "smtp; 550 5.1.1 ..."
  std::optional<WallTime> last_attempt;
  bool operator==(const ReportedRecipient&) const = default;
};

struct DeliveryReport {
  std::string report_id;   // Message-ID of the report; empty: it has none
  std::string queue_id;    // X-Postfix-Queue-ID: of the mail server that reports
  std::string message_id;  // of the message that is reported on, from what was returned of it
  std::vector<std::string> received_ids;  // the same: of the mail servers that it went through
  std::optional<WallTime> date;
  std::vector<ReportedRecipient> recipients;  // at least one
};

// Neither the sender nor a Content-Type's report-type is relied on: some of what comes home has
// lost both. Code::syntax says what is missing of a report.
[[nodiscard]] Result<DeliveryReport> parse_delivery_report(std::string_view mail);

// What the report says of Apple's recipients, and of those that Apple's servers answered for.
// `received` is the time of what has none.
std::vector<DeliveryEvent> events_of(const DeliveryReport& report, const AppleTraffic& traffic,
                                     WallTime received);

// RFC 6533 §3: an address as Original-Recipient and Final-Recipient have it, without its type, its
// "\x{e4}" made UTF-8. Empty when it has none that can be read.
std::string reported_address(std::string_view field);

}  // namespace icm
