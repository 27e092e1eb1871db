// SPDX-License-Identifier: Apache-2.0
//
// What a message says about itself: when and under which name it was made, for whom, and which way
// it came.
#include "policy/base/text.h"
#include "policy/format_report.h"

namespace icm::format {
namespace {

// Message identifiers that look made up have drawn this answer from Apple again and again, and
// mail with others from the same place went through.
constexpr std::string_view odd_id_reply = "554 5.7.1 [CS01] Message rejected due to local policy";

void examine_clock(Report& report, WallTime date) {
  const WallTime now = report.facts.now;
  if (date > now + report.config.date_future) {
    report.refuse_bulk("format.date-future",
                       fmt::format("Date {} is more than {} ahead of now", to_rfc3339(date),
                                   to_span(report.config.date_future)),
                       "set the clock of the host that wrote it (RFC 5322 section 3.6.1)");
  }
  if (date < now - report.config.date_past) {
    report.advise("format.date-past",
                  fmt::format("Date {} is more than {} ago", to_rfc3339(date),
                              to_span(report.config.date_past)),
                  "give a message that is sent anew a new Date (RFC 5322 section 3.6.1)");
  }
}

void examine_date(Report& report) {
  const FieldUse& field = report.fields[Field::date];
  const auto write = [](WallTime time) {
    return fmt::format("write \"Date: {}\" (RFC 5322 section 3.3)", to_date_time(time));
  };
  if (!field.present()) {
    if (report.is_missing(Field::date)) {
      report.refuse(
          "format.date-missing", "there is no Date field",
          fmt::format("add \"Date: {}\" (RFC 5322 section 3.6.1)", to_date_time(report.facts.now)));
    }
    return;
  }
  if (field.count > 1) {
    report.refuse("format.date-repeated", fmt::format("{} Date fields", field.count),
                  "keep one (RFC 5322 section 3.6)");
  }
  const auto date = parse_date_time(field.value);
  if (!date) {
    report.refuse("format.date-syntax",
                  fmt::format("Date is \"{}\": {}", shown(field.value), shown(date.error())),
                  write(report.facts.now));
    return;
  }
  if (date->obsolete_syntax) {
    report.refuse("format.date-obsolete",
                  fmt::format("Date \"{}\" has a short year, a letter or name for the zone, or "
                              "blanks and comments inside",
                              shown(field.value)),
                  write(date->time));
  } else if (date->named_zone) {
    report.advise("format.date-zone-name",
                  fmt::format("Date \"{}\" has a name for the zone", shown(field.value)),
                  write(date->time));
  }
  examine_clock(report, date->time);
}

// The octets that identifiers of well-known programs are made of.
bool is_plain_id(std::string_view text) {
  constexpr std::string_view others = ".-_+=$~";
  for (const char c : text) {
    if (!is_alpha(c) && !is_digit(c) && others.find(c) == std::string_view::npos) return false;
  }
  return true;
}

void examine_message_id(Report& report) {
  const FieldUse& field = report.fields[Field::message_id];
  const std::string example = fmt::format("\"Message-ID: <UNIQUE@{}>\"", report.example_domain());
  if (!field.present()) {
    if (report.is_missing(Field::message_id)) {
      report.refuse_bulk("format.message-id-missing", "there is no Message-ID field",
                         fmt::format("add {} (RFC 5322 section 3.6.4)", example));
    }
    return;
  }
  const auto id = parse_message_id(field.value);
  if (!id || id->obsolete_syntax) {
    report.refuse_bulk("format.message-id-syntax",
                       fmt::format("Message-ID is \"{}\": {}", shown(field.value),
                                   id ? "blanks, comments or quotes inside" : shown(id.error())),
                       fmt::format("write {} (RFC 5322 section 3.6.4)", example));
    report.predict("format.message-id-syntax", odd_id_reply);
    return;
  }
  if (!report.facts.classification.is_bulk()) return;
  if (const auto fault = domain_fault(id->right)) {
    report.refuse(
        "format.message-id-domain",
        fmt::format("Message-ID {}: the right side {}", shown(field.value), *fault),
        fmt::format("write {}, with a domain of yours (RFC 5322 section 3.6.4)", example));
    report.predict("format.message-id-domain", odd_id_reply);
  }
  if (!is_plain_id(id->left)) {
    report.refuse("format.message-id-characters",
                  fmt::format("Message-ID {} has unusual characters", shown(field.value)),
                  "make it of letters, digits and . - _ + = $ ~ (RFC 5322 section 3.6.4)");
    report.predict("format.message-id-characters", odd_id_reply);
  }
}

void examine_recipients(Report& report) {
  const auto names_somebody = [&](Field field) {
    return report.fields[field].present() && !trim(report.fields[field].value).empty();
  };
  if (report.facts.header_overflow || names_somebody(Field::to) || names_somebody(Field::cc)) {
    return;
  }
  report.advise("format.recipients-missing", "there is no To or Cc field with anything in it",
                "add \"To: undisclosed-recipients:;\" when nobody shall be named (RFC 5322 section "
                "3.6.3)");
}

void examine_trace(Report& report) {
  if (const FieldUse& field = report.fields[Field::return_path]; field.present()) {
    report.advise("format.return-path", fmt::format("Return-Path: {}", shown(field.value)),
                  "remove it: the last mail server alone writes it (RFC 5321 section 4.4; Postfix: "
                  "message_drop_headers)");
  }
  if (report.fields[Field::bcc].present()) {
    report.advise("format.bcc", "a Bcc field shows who was to stay hidden",
                  "remove it before sending (RFC 5322 section 3.6.3; Postfix: "
                  "message_drop_headers)");
  }
  const std::size_t hops = report.fields[Field::received].count;
  if (hops > static_cast<std::size_t>(report.config.max_received)) {
    report.refuse("format.loop",
                  fmt::format("{} Received fields, more than {}", hops, report.config.max_received),
                  "find the loop in the Received fields (RFC 5321 section 6.3)", routing_loop);
  }
}

}  // namespace

void examine_identification(Report& report) {
  examine_date(report);
  examine_message_id(report);
  examine_recipients(report);
  examine_trace(report);
}

}  // namespace icm::format
