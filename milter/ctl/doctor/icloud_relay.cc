// SPDX-License-Identifier: Apache-2.0
//
// The doctor on sites that send through their iCloud account (smtp.mail.me.com): the port, TLS, the
// login, who mail is from, and the account's daily limits.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "milter/ctl/doctor/mail_server.h"
#include "milter/ctl/doctor/other_user.h"
#include "policy/base/text.h"

namespace icm::ctl::doctor {
namespace {

constexpr std::string_view relay_host = "smtp.mail.me.com";
constexpr int daily_messages = 1000;  // Apple's figure for one account, also of recipients a day

// A transport that leads to iCloud, and the next hop as it is written.
struct Way {
  const postfix::Service* service = nullptr;
  std::string next_hop;
};

bool leads_to_icloud(std::string_view next_hop) {
  const std::string text = lower_ascii(next_hop);
  return text.find(relay_host) != std::string::npos;
}

std::vector<Way> ways_of(const postfix::Configuration& configuration) {
  std::vector<Way> ways;
  const auto note = [&](std::string_view transport, std::string_view next_hop) {
    if (!leads_to_icloud(next_hop)) return;
    const postfix::Service* const service = configuration.service(transport, "unix");
    const auto is_same = [&](const Way& way) { return way.service == service; };
    if (service == nullptr || std::ranges::any_of(ways, is_same)) return;
    ways.push_back({.service = service, .next_hop = std::string(next_hop)});
  };
  for (const postfix::Listener& one : postfix::listeners_of(configuration)) {
    const postfix::Destination route = postfix::parse_destination(one.content_filter);
    note(route.transport, route.next_hop);
  }
  note(postfix::parse_destination(configuration.value("default_transport")).transport,
       configuration.value("relayhost"));
  note(postfix::parse_destination(configuration.value("relay_transport")).transport,
       configuration.value("relayhost"));
  return ways;
}

// Whether some table has a password for the next hop, in the forms that smtp(8) looks up. The Error
// is of the last table that could not be asked, where no other has one.
Result<bool> has_password(const MailServer& server, std::string_view tables, const Way& way,
                          Deadline deadline) {
  Result<bool> has = false;
  const std::array<std::string, 2> keys = {way.next_hop, std::string(relay_host)};
  for (const std::string_view table : postfix::split_list(tables)) {
    for (const std::string& key : keys) {
      const auto found = server.look_up(std::string(table), key, deadline);
      if (found && *found) return true;  // what it says is nobody's business
      if (!found) has = tl::make_unexpected(found.error());
    }
  }
  return has;
}

void examine_password(const MailServer& server, std::string_view tables, const Way& way,
                      Deadline deadline, Diagnoses& diagnoses) {
  const std::string name = way.service->key();
  const Result<bool> has = has_password(server, tables, way, deadline);
  if (has && *has) return;
  if (!has && !OtherUser::can_be_tried()) {
    return add(diagnoses, found("relay.login-not-seen", name, has.error().text));
  }
  add(diagnoses, found("relay.login", name,
                       has ? fmt::format("smtp_sasl_password_maps has nothing for {}", way.next_hop)
                           : fmt::format("smtp_sasl_password_maps: {}", has.error().text)));
}

void examine_way(const MailServer& server, const Way& way, Deadline deadline,
                 Diagnoses& diagnoses) {
  const auto value = [&](std::string_view name) {
    return server.configuration().value_for(*way.service, name);
  };
  const std::string name = way.service->key();
  if (!way.next_hop.ends_with(":587") && !way.next_hop.ends_with(":submission")) {
    add(diagnoses, found("relay.port", name, fmt::format("the next hop is {}", way.next_hop),
                         fmt::format("write [{}]:587", relay_host)));
  }
  constexpr std::array<std::string_view, 5> strict = {"encrypt", "fingerprint", "verify", "secure",
                                                      "dane-only"};
  const std::string_view level = value("smtp_tls_security_level");
  if (std::ranges::find(strict, level) == strict.end()) {
    add(diagnoses, found("relay.tls", name, fmt::format("smtp_tls_security_level is \"{}\"", level),
                         fmt::format("postconf -P '{}/smtp_tls_security_level=encrypt'", name)));
  }
  if (value("smtp_sasl_auth_enable") != "yes") {
    add(diagnoses, found("relay.login", name, "smtp_sasl_auth_enable is not yes"));
  } else {
    examine_password(server, value("smtp_sasl_password_maps"), way, deadline, diagnoses);
  }
  if (value("smtp_generic_maps").empty() &&
      server.configuration().value("sender_canonical_maps").empty()) {
    add(diagnoses, found("relay.sender", name, "smtp_generic_maps is empty"));
  }
}

void examine_limits(const Config& config, Diagnoses& diagnoses) {
  const ThrottleConfig& throttle = config.throttle;
  const bool has_limit = std::ranges::any_of(throttle.limits, [](const auto& limit) {
    return limit.at_most <= daily_messages && limit.within >= std::chrono::hours{24};
  });
  const bool is_limited = has_limit || throttle.preset == ThrottlePreset::icloud_account;
  if (is_limited && throttle.mode == Mode::enforce) return;
  add(diagnoses, found("relay.limits", {},
                       is_limited ? "throttle.mode is not enforce"
                                  : "throttle.limits have no limit of a day"));
}

}  // namespace

Diagnoses examine_icloud_relay(const Context& context, Deadline deadline) {
  if (context.is_postfix_there) return {unread(context)};
  if (context.mail_server == nullptr) return {};
  const std::vector<Way> ways = ways_of(context.mail_server->configuration());
  if (ways.empty()) return {};
  Diagnoses diagnoses;
  for (const Way& way : ways) examine_way(*context.mail_server, way, deadline, diagnoses);
  examine_limits(context.config, diagnoses);
  if (diagnoses.empty()) {
    add(diagnoses, found("relay.wired", ways.front().service->key(),
                         fmt::format("leads to {}", ways.front().next_hop)));
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
