// SPDX-License-Identifier: Apache-2.0
#include "policy/delivery/delivery_report.h"

#include <algorithm>

#include "policy/base/text.h"
#include "policy/delivery/delivery_log.h"
#include "policy/delivery/mail_parts.h"
#include "policy/message/structured.h"

namespace icm {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::size_t longest_code_point = 6;  // hexadecimal digits: 10FFFF

std::optional<WallTime> time_of(const HeaderList& fields, std::string_view name) {
  const auto date = parse_date_time(fields.text(name));
  if (!date) return std::nullopt;
  return date->time;
}

void append_utf8(std::string& text, std::uint32_t point) {
  const auto octet = [&](std::uint32_t value) { text += static_cast<char>(value); };
  if (point < 0x80) {
    octet(point);
  } else if (point < 0x800) {
    octet(0xc0 | point >> 6);
    octet(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    octet(0xe0 | point >> 12);
    octet(0x80 | (point >> 6 & 0x3f));
    octet(0x80 | (point & 0x3f));
  } else {
    octet(0xf0 | point >> 18);
    octet(0x80 | (point >> 12 & 0x3f));
    octet(0x80 | (point >> 6 & 0x3f));
    octet(0x80 | (point & 0x3f));
  }
}

std::optional<std::uint32_t> hexadecimal(std::string_view digits) {
  if (digits.empty() || digits.size() > longest_code_point) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : digits) {
    const char lower = lower_ascii(c);
    if (!is_digit(c) && (lower < 'a' || lower > 'f')) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : lower - 'a' + 10);
  }
  return value;
}

// RFC 6533 §3 EmbeddedUnicodeChar: "\x{e4}". Octets that are ASCII anyway, and surrogates, are not
// to be written so.
std::optional<std::string> without_escapes(std::string_view text) {
  std::string plain;
  for (;;) {
    const std::size_t escape = text.find("\\x{");
    plain += text.substr(0, escape);
    if (escape == npos) return plain;
    text.remove_prefix(escape + 3);
    const std::size_t end = text.find('}');
    if (end == npos) return std::nullopt;
    const auto point = hexadecimal(text.substr(0, end));
    if (!point || *point > 0x10ffff || (*point >= 0xd800 && *point < 0xe000)) return std::nullopt;
    if (*point < ' ' || *point == 0x7f) return std::nullopt;
    append_utf8(plain, *point);
    text.remove_prefix(end + 1);
  }
}

// "dns; mx01.mail.icloud.com", "dns; mx01.mail.icloud.com (17.57.155.25, the server)".
std::string host_of(std::string_view field) {
  const std::size_t type = field.find(';');
  std::string_view host = trim(type == npos ? field : field.substr(type + 1));
  host = host.substr(0, host.find_first_of(" \t("));
  return std::string(host);
}

ReportedRecipient recipient_of(const HeaderList& fields) {
  return {.original_recipient = reported_address(fields.text("Original-Recipient")),
          .final_recipient = reported_address(fields.text("Final-Recipient")),
          .action = lower_ascii(fields.text("Action")),
          .status = fields.text("Status").substr(0, fields.text("Status").find_first_of(" \t(")),
          .remote_host = host_of(fields.text("Remote-MTA")),
          .diagnostic_code = fields.text("Diagnostic-Code"),
          .last_attempt = time_of(fields, "Last-Attempt-Date")};
}

// RFC 3464 §2.1: groups of fields with empty lines between, the first about the message.
void read_status(std::string_view text, DeliveryReport& report) {
  while (!text.empty() && report.recipients.size() < max_report_recipients) {
    HeaderList fields;
    text = take_fields(text, fields);
    if (fields.count("Final-Recipient") > 0 || fields.count("Original-Recipient") > 0) {
      report.recipients.push_back(recipient_of(fields));
    } else if (report.queue_id.empty()) {
      report.queue_id = fields.text("X-Postfix-Queue-ID");
      if (!report.date) report.date = time_of(fields, "Arrival-Date");
    }
  }
}

bool is_status(const ContentType& type) {
  return type.type == "message" &&
         (type.subtype == "delivery-status" || type.subtype == "global-delivery-status");
}

bool is_returned(const ContentType& type) {
  if (type.type == "text") return type.subtype == "rfc822-headers";
  return type.type == "message" &&
         (type.subtype == "rfc822" || type.subtype == "global" || type.subtype == "global-headers");
}

std::string only_token(std::string text) { return text.substr(0, text.find_first_of(" \t")); }

// RFC 5321 §4.4: "by mx.example (Postfix) with ESMTP id 4XyZ12AbCdz5F for <a@icloud.com>; ...".
std::vector<std::string> ids_of(const HeaderList& returned) {
  std::vector<std::string> ids;
  for (const HeaderField& field : returned.all("Received")) {
    if (ids.size() == max_report_received) break;
    std::string text = unfold(field.value);
    std::ranges::replace(text, '\t', ' ');
    const std::size_t begin = text.find(" id ");
    if (begin == npos) continue;
    const std::string_view id = std::string_view(text).substr(begin + 4);
    ids.emplace_back(id.substr(0, id.find_first_of(" ;")));
  }
  return ids;
}

std::optional<DeliveryStatus> status_of(std::string_view action) {
  if (action == "failed") return DeliveryStatus::bounced;
  if (action == "delayed") return DeliveryStatus::deferred;
  if (action == "delivered" || action == "relayed") return DeliveryStatus::sent;
  return std::nullopt;  // "expanded": what became of it is told elsewhere
}

// The address that Apple knows: a mail server in between may tell the one it was handed.
std::string_view apples_address(const ReportedRecipient& one, const AppleTraffic& traffic) {
  if (!traffic.is_recipient(one.final_recipient) && traffic.is_recipient(one.original_recipient)) {
    return one.original_recipient;
  }
  return one.final_recipient.empty() ? one.original_recipient : one.final_recipient;
}

// Who reports often tells the same twice, once as a header of its own.
bool is_new(const std::vector<DeliveryEvent>& events, const std::string& key) {
  return std::ranges::find(events, key, &DeliveryEvent::key) == events.end();
}

}  // namespace

std::string reported_address(std::string_view field) {
  const std::size_t type = field.find(';');
  if (type == npos) return {};
  std::string_view address = trim(field.substr(type + 1));
  if (address.size() > 1 && address.front() == '<' && address.back() == '>') {
    address = address.substr(1, address.size() - 2);
  }
  if (!equal_ascii(trim(field.substr(0, type)), "utf-8")) return std::string(address);
  return without_escapes(address).value_or(std::string());
}

Result<DeliveryReport> parse_delivery_report(std::string_view mail) {
  mail = mail.substr(0, max_report_octets);
  DeliveryReport report;
  bool has_status = false;
  HeaderList header;
  take_fields(mail, header);
  report.report_id = only_token(header.text("Message-ID"));
  for_each_part(mail, {max_report_parts, max_report_depth},
                [&](const ContentType& type, std::string_view content) {
                  if (is_status(type)) {
                    has_status = true;
                    read_status(content, report);
                  } else if (is_returned(type) && report.message_id.empty()) {
                    HeaderList returned;
                    take_fields(content, returned);
                    report.message_id = only_token(returned.text("Message-ID"));
                    report.received_ids = ids_of(returned);
                  }
                });
  if (!has_status) {
    return fail(Code::syntax,
                "no delivery status notification: expected a part message/delivery-status");
  }
  if (report.recipients.empty()) {
    return fail(Code::syntax,
                "a delivery status notification about nobody: expected Final-Recipient");
  }
  if (const auto date = time_of(header, "Date"); date) report.date = date;
  return report;
}

std::vector<DeliveryEvent> events_of(const DeliveryReport& report, const AppleTraffic& traffic,
                                     WallTime received) {
  std::vector<DeliveryEvent> events;
  for (const ReportedRecipient& one : report.recipients) {
    const auto status = status_of(one.action);
    const std::string_view address = apples_address(one, traffic);
    if (!status || address.empty()) continue;
    if (!traffic.is_recipient(address) && !traffic.is_host(one.remote_host)) continue;
    const std::string source =
        report.report_id.empty() ? report.message_id + one.diagnostic_code : report.report_id;
    std::string key = delivery_key(source, address);
    if (!is_new(events, key)) continue;
    // Nothing of a report has happened after it came.
    const WallTime said = one.last_attempt.value_or(report.date.value_or(received));
    events.push_back({.time = std::min(said, received),
                      .queue_id = report.queue_id,
                      .recipient = recipient_key(address),
                      .relay_host = one.remote_host,
                      .relay_ip = {},
                      .status = *status,
                      .enhanced_status = one.status,
                      .reply = one.diagnostic_code,
                      .key = std::move(key),
                      .teller = Teller::report});
  }
  return events;
}

}  // namespace icm
