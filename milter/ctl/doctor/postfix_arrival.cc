// SPDX-License-Identifier: Apache-2.0
//
// The doctor on the arrival: that every way in has the milter where milter.conf says so, and that
// nothing changes mail behind it.
#include <algorithm>

#include <fmt/format.h>

#include "milter/ctl/doctor/mail_server.h"
#include "milter/ctl/postfix/wiring_plan.h"
#include "policy/base/text.h"

namespace icm::ctl::doctor {
namespace {

using postfix::Listener;
using postfix::MilterEntry;

bool is_gate(const Listener& listener, const Config& config) {
  return std::ranges::find(config.roles.gate, listener.daemon_name) != config.roles.gate.end();
}

// Where a stream gets List-Unsubscribe of ours, what signs it has to come after us.
bool adds_fields(const Config& config) {
  return std::ranges::any_of(
      config.streams, [](const StreamConfig& stream) { return stream.unsubscribe == "add"; });
}

void examine_order(const std::vector<MilterEntry>& milters, const MilterEntry& ours,
                   const std::string& name, const Config& config, Diagnoses& diagnoses) {
  if (&ours == &milters.back() || adds_fields(config)) return;
  add(diagnoses, found("postfix.milter-order", name,
                       fmt::format("{} comes after ours", milters.back().endpoint)));
}

// access(5)-like tables that name other milters, or none, for some clients (postconf(5)): who they
// are cannot be told from here.
void examine_choice(const MailServer& server, const Listener& listener, const std::string& name,
                    Diagnoses& diagnoses) {
  const auto maps = server.configuration().value_for(*listener.service, "smtpd_milter_maps");
  if (maps.empty()) return;
  add(diagnoses, found("postfix.arrival-uncovered", name,
                       fmt::format("arrival.covered is yes, and smtpd_milter_maps = {} chooses the "
                                   "milters by client: ours need not be among them",
                                   excerpt(maps)),
                       fmt::format("postconf -P '{}/smtpd_milter_maps=' && postfix reload, or set "
                                   "arrival.covered: no in milter.conf",
                                   name)));
}

void examine_listener(const Context& context, const MailServer& server, const Listener& listener,
                      Diagnoses& diagnoses) {
  const std::string name = listener.service->key();
  const MilterEntry* const ours = MailServer::ours(listener.milters, context.config, server);
  if (ours != nullptr) examine_order(listener.milters, *ours, name, context.config, diagnoses);
  if (!context.config.arrival.covered) return;
  if (ours != nullptr) return examine_choice(server, listener, name, diagnoses);
  // Where a content filter hands mail back, it has come by once already.
  if (postfix::is_left_alone(server.configuration(), listener, context.config.arrival.covered)) {
    return add(diagnoses, found("postfix.arrival-reinjection", name,
                                listener.milters.empty()
                                    ? "it is on loopback, and milters are switched off there"
                                    : "it is on loopback, and takes mail back from a content "
                                      "filter"));
  }
  add(diagnoses, found("postfix.arrival-uncovered", name,
                       "arrival.covered is yes, and this listener has not our milter"));
}

// Who is there already, above all one that signs, stays in front.
std::string joined(const Context& context, const MailServer& server) {
  const std::string_view there = trim(server.configuration().value("non_smtpd_milters"));
  const auto address = SocketAddress::parse(context.config.socket.address);
  const std::string ours =
      address ? postfix::place_of(*address, server.configuration().queue_directory())
              : std::string("unix:icloud-milter/milter.sock");
  return fmt::format("postconf -e 'non_smtpd_milters = {}{}{}'", there, there.empty() ? "" : ", ",
                     ours);
}

void examine_local(const Context& context, const MailServer& server, Diagnoses& diagnoses) {
  const auto milters =
      postfix::parse_milter_list(server.configuration().value("non_smtpd_milters"));
  const MilterEntry* const ours = MailServer::ours(milters, context.config, server);
  if (ours != nullptr) {
    return examine_order(milters, *ours, "non_smtpd_milters", context.config, diagnoses);
  }
  if (!context.config.arrival.covered) return;
  add(diagnoses, found("postfix.arrival-local-uncovered", "non_smtpd_milters",
                       "arrival.covered is yes, and our milter does not stand there",
                       joined(context, server)));
}

// Whoever may relay without a login, this host itself aside, as far as mynetworks names networks: a
// table cannot be told apart without a question for each address.
std::vector<IpRange> relaying_networks(const MailServer& server) {
  constexpr auto blanks = " \t\r\n,";
  static const IpRange own_v4 = IpRange::parse("127.0.0.0/8").value();
  static const IpRange own_v6 = IpRange::parse("::1").value();
  static const IpRange own_mapped = IpRange::parse("::ffff:127.0.0.0/104").value();
  std::vector<IpRange> networks;
  const std::string text(server.configuration().value("mynetworks"));
  for (std::size_t at = 0; (at = text.find_first_not_of(blanks, at)) != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_of(blanks, at), text.size());
    std::string word = text.substr(at, end - at);
    at = end;
    std::erase_if(word, [](char c) { return c == '[' || c == ']'; });  // "[2001:db8::]/32"
    const auto network = IpRange::parse(word);
    if (!network) continue;
    if (own_v4.contains(*network) || own_v6.contains(*network)) continue;
    if (!own_mapped.contains(*network)) networks.push_back(*network);
  }
  return networks;
}

void examine_networks(const Context& context, const MailServer& server, Diagnoses& diagnoses) {
  std::string untold;
  for (const IpRange& network : relaying_networks(server)) {
    const auto covers = [&](const IpRange& one) { return one.contains(network); };
    if (std::ranges::any_of(context.config.arrival.trusted_networks, covers)) continue;
    untold += (untold.empty() ? "" : ", ") + network.text();
  }
  if (untold.empty()) return;
  add(diagnoses,
      found("postfix.networks-untold", "mynetworks",
            fmt::format("{}: may relay, and arrival.trusted_networks does not name it", untold),
            fmt::format("trusted_networks: [{}] under arrival in milter.conf, as far as "
                        "these are hosts of yours",
                        untold)));
}

// Every way in writes down what nobody believes.
void examine_belief(const Context& context, const MailServer& server, Diagnoses& diagnoses) {
  const auto& configuration = server.configuration();
  const auto has_ours = [&](const std::vector<MilterEntry>& milters) {
    return MailServer::ours(milters, context.config, server) != nullptr;
  };
  if (!has_ours(postfix::parse_milter_list(configuration.value("smtpd_milters"))) ||
      !has_ours(postfix::parse_milter_list(configuration.value("non_smtpd_milters")))) {
    return;
  }
  add(diagnoses, found("postfix.arrival-untold", "smtpd_milters and non_smtpd_milters",
                       "our milter stands there, and arrival.covered is no"));
}

}  // namespace

Diagnoses examine_arrival(const Context& context, const MailServer& server,
                          const std::vector<std::string>& gates) {
  Diagnoses diagnoses;
  for (const Listener& listener : postfix::listeners_of(server.configuration())) {
    // Whichever is the gate was looked at as that, whatever its name.
    const bool is_a_gate = is_gate(listener, context.config) ||
                           std::ranges::find(gates, listener.service->key()) != gates.end();
    if (!is_a_gate) examine_listener(context, server, listener, diagnoses);
  }
  examine_local(context, server, diagnoses);
  if (context.config.arrival.covered) {
    examine_networks(context, server, diagnoses);
  } else {
    examine_belief(context, server, diagnoses);
  }
  if (is_healthy(diagnoses) && context.config.arrival.covered) {
    add(diagnoses, found("postfix.arrival", {}, "every way in has our milter"));
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
