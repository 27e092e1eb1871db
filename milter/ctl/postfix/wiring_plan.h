// SPDX-License-Identifier: Apache-2.0
//
// What has to be added to a Postfix so that mail for Apple goes through the gate, and mail that
// comes in through the arrival. Decides by facts alone: asks nobody, writes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "milter/ctl/postfix/configuration.h"
#include "milter/ctl/postfix/filter_tables.h"
#include "milter/ctl/postfix/insertion.h"
#include "milter/ctl/postfix/routes.h"
#include "policy/config/config.h"

namespace icm::ctl::postfix {

struct WiringOptions {
  bool has_arrival = true;
  std::uint16_t gate_port = 10027;
};

// All that a plan is made from.
struct Site {
  Configuration postfix;
  std::string main_cf;  // the files' texts
  std::string master_cf;
  Routes routes;             // for Apple's domains
  SingleRoutes people;       // for addresses there
  FilterLines filters;       // in tables that come before those
  bool is_port_free = true;  // WiringOptions::gate_port on loopback
  // Of milter.conf:
  SocketAddress socket;
  RolesConfig roles;
  std::vector<std::string> added_domains;  // apple.domains
  bool is_arrival_covered = false;
  bool adds_fields = false;      // streams[].unsubscribe: add
  std::string asked_routes;      // routing.socketmap as a table, empty: there is none
  std::string routes_transport;  // what it answers for Apple's domains
};

struct Plan {
  std::vector<Insertion> insertions;
  std::vector<std::string> conflicts;  // sentences: why nothing can be done before you acted
  std::vector<std::string> notes;      // what a person should know or do besides
};

Plan make_plan(const Site& site, const WiringOptions& options);

// What mail for Apple, and with `options.has_arrival` mail that comes in, still lacks on this site;
// sentences. Empty: it is attached, by whomever.
std::vector<std::string> lacks(const Site& site, const WiringOptions& options);

// Whether that is the gate; where there is none yet, the transport to it.
bool leads_to_gate(const Site& site, const Route& route);

// What leads mail around the gate that no insertion of ours can mend; sentences.
std::vector<std::string> ways_round(const Site& site);

// Content filters of which nobody can see whether they hand mail back, and what FILTER does;
// sentences.
std::vector<std::string> ways_elsewhere(const Site& site);

// Listeners with our milter where smtpd_milter_maps may take it from some clients; sentences.
std::vector<std::string> ways_by_client(const Site& site);

// What leads single people's mail past the gate, and which tables may do so unseen; sentences.
std::vector<std::string> ways_of_people(const Site& site);

// A listener that has no part in the arrival: without milters on purpose, or taking back what a
// content filter was given. Where the arrival is told to cover all, what others than this host can
// reach has part in it.
bool is_left_alone(const Configuration& postfix, const Listener& listener, bool is_arrival_covered);
bool has_no_milters_on_purpose(const Configuration& postfix, const Listener& listener);
bool takes_mail_back(const Configuration& postfix, const Listener& listener);

// The listener that is the gate, or null.
const Service* gate_of(const Site& site);

// The port on which 127.0.0.1 is the gate. Nothing where it listens elsewhere, or by the name of a
// port; `otherwise` where there is none yet.
std::optional<std::uint16_t> port_of_gate(const Site& site, std::uint16_t otherwise);

// The port on which a listener takes what comes to 127.0.0.1; nothing: as above.
std::optional<std::uint16_t> port_on_loopback(const Service& listener);

// Every domain whose mail has to go to the gate: Apple's, and apple.domains.
std::vector<std::string> domains_of(const Site& site);
std::vector<std::string> domains_of(const Config& milter);

// Where Postfix finds the daemon: "unix:icloud-milter/milter.sock".
std::string milter_place(const Site& site);

// A socket of the daemon as Postfix writes it, relative to the queue directory where it is below.
std::string place_of(const SocketAddress& socket, std::string_view queue_directory);

// routing.socketmap as a table of transport_maps; empty: there is none.
std::string table_of_daemon(const Config& milter, std::string_view queue_directory);

// Whether transport_maps asks the daemon, where it answers.
bool asks_routes(const Site& site);

}  // namespace icm::ctl::postfix
