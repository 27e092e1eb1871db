// SPDX-License-Identifier: Apache-2.0
//
// The doctor on what comes behind the gate: that mail leaves, does not come to the gate again, and
// is not changed on its way.
#include <fmt/format.h>

#include "milter/ctl/doctor/mail_server.h"
#include "policy/base/text.h"

namespace icm::ctl::doctor {
namespace {

constexpr std::uint64_t longest_line = 998;  // RFC 5322 §2.1.1

// Restrictions may choose a way out by FILTER (access(5)).
bool may_filter(const MailServer& server, const postfix::Service& gate) {
  for (const std::string_view name :
       {"smtpd_client_restrictions", "smtpd_sender_restrictions", "smtpd_recipient_restrictions"}) {
    if (server.configuration().value_for(gate, name).find("FILTER") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

void examine_body(const MailServer& server, const postfix::Service& exit, Diagnoses& diagnoses) {
  const auto value = [&](std::string_view name) {
    return server.configuration().value_for(exit, name);
  };
  const auto limit = parse_number(value("smtp_line_length_limit"));
  if (limit && *limit != 0 && *limit < longest_line) {
    add(diagnoses,
        found("postfix.exit-changes-body", exit.key(),
              fmt::format("smtp_line_length_limit is {}: longer lines are broken", *limit)));
  }
  for (const std::string_view name : {"smtp_header_checks", "smtp_mime_header_checks",
                                      "smtp_nested_header_checks", "smtp_body_checks"}) {
    if (value(name).empty()) continue;
    add(diagnoses, found("postfix.exit-changes-body", exit.key(),
                         fmt::format("{} is set and may change what was signed", name)));
  }
}

}  // namespace

Diagnoses examine_exit(const Context& context, const MailServer& server,
                       const postfix::Listener& gate) {
  const std::string name = gate.service->key();
  if (gate.content_filter.empty()) {
    if (may_filter(server, *gate.service)) return {};
    return {
        found("postfix.exit-missing", name, "content_filter is empty",
              fmt::format("postconf -P '{}/content_filter=icloud-out:' && postfix reload", name))};
  }
  const postfix::Destination route = postfix::parse_destination(gate.content_filter);
  const auto listeners = postfix::listeners_of(server.configuration());
  const postfix::Listener* const next = postfix::listener_at(listeners, route.next_hop);
  if (next != nullptr && next->service->key() == name) {
    return {found("postfix.exit-missing", name,
                  fmt::format("content_filter is {}, which leads back to it", route.text()))};
  }
  const postfix::Service* const exit = server.configuration().service(route.transport, "unix");
  if (exit == nullptr) {
    return {found("postfix.exit-unknown", name,
                  fmt::format("content_filter is {}, and master.cf has no {}", gate.content_filter,
                              route.transport))};
  }
  const std::string_view hop = postfix::diversion_of(server.configuration(), gate.content_filter);
  if (!hop.empty()) {
    return {found("postfix.exit-diverted", name,
                  fmt::format("content_filter is {}, and default_filter_nexthop is {}",
                              gate.content_filter, hop))};
  }
  Diagnoses diagnoses = examine_service(server, *exit);
  examine_body(server, *exit, diagnoses);
  const auto size = parse_number(server.configuration().value("message_size_limit"));
  if (size && (*size == 0 || *size > context.config.format.max_size)) {
    add(diagnoses, found("postfix.message-size", {},
                         fmt::format("message_size_limit is {}, format.max_size is {}", *size,
                                     context.config.format.max_size)));
  }
  if (is_healthy(diagnoses)) {
    add(diagnoses, found("postfix.exit", name, fmt::format("mail leaves by {}", route.text())));
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
