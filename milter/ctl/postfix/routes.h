// SPDX-License-Identifier: Apache-2.0
//
// Which way mail for an address goes: what transport_maps say, asked of postmap(1) and read as
// transport(5) has it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/postfix/configuration.h"
#include "milter/ctl/postfix/postfix_programs.h"
#include "policy/base/deadline.h"
#include "policy/base/result.h"

namespace icm::ctl::postfix {

// An answer of one table of transport_maps.
struct Route {
  std::string table;   // "hash:/etc/postfix/transport"
  std::string key;     // "icloud.com", or an address there
  std::string answer;  // "icloud-gate:[127.0.0.1]:10027"
  bool operator==(const Route&) const = default;
};

// Such an answer taken apart; either may be missing.
struct Destination {
  std::string transport;  // "icloud-gate"
  std::string next_hop;   // "[127.0.0.1]:10027"; empty: the recipient's own domain
  std::string text() const { return transport + ":" + next_hop; }
};
Destination parse_destination(std::string_view text);

// How parents of a domain are looked up (postconf(5), parent_domain_matches_subdomains).
enum class ParentForm { with_dot, bare };

struct RouteTable {
  std::string name;
  bool takes_domains = true;  // see takes_whole_addresses_only()
  std::vector<Route> answers;
};

// What the tables say, in their order.
struct Routes {
  std::vector<RouteTable> tables;
  ParentForm form = ParentForm::with_dot;
};

// The tables as trivial-rewrite(8) has them: its -o, else main.cf.
std::string_view transport_maps_of(const Configuration& configuration);

// What transport_maps say of somebody at each of these domains. A table may take so long as
// `patience`, all of them until `deadline`. The Error names the table that cannot be asked.
[[nodiscard]] Result<Routes> ask_routes(const PostfixPrograms& programs,
                                        const Configuration& configuration,
                                        const std::vector<std::string>& domains,
                                        std::chrono::seconds patience, Deadline deadline);

// What holds for somebody at that domain of whom no table says anything by himself, or null.
const Route* route_of(const Routes& routes, std::string_view domain);

// Whether its key is for more than that domain and the people there: a parent domain, or "*".
bool is_wider_than(const Route& route, std::string_view domain);

// What tables say of single people.
struct SingleRoutes {
  std::vector<Route> routes;          // of each address what holds, in the order of the tables
  std::vector<std::string> unlisted;  // "pcre:/x: why it cannot be listed"
};

// The entries for whole addresses at these domains; `asked_routes` is left out, which answers for
// domains alone.
SingleRoutes single_routes(const PostfixPrograms& programs, const Configuration& configuration,
                           const std::vector<std::string>& domains, std::string_view asked_routes,
                           std::chrono::seconds patience, Deadline deadline);

// Every entry of a table; the Error says why it cannot be listed, as most types cannot.
[[nodiscard]] Result<std::vector<Route>> list_table(const PostfixPrograms& programs,
                                                    std::string_view table, Deadline deadline);

// Whether that table is the daemon, asked in whatever form.
bool is_table_of_daemon(std::string_view table, std::string_view asked_routes);

// Whether Postfix asks the table for whole addresses alone, never for a domain: those that are made
// of patterns, and those behind a socket (transport(5), "REGULAR EXPRESSION TABLES" and "TCP-BASED
// TABLES").
bool takes_whole_addresses_only(std::string_view table);

// Where default_filter_nexthop takes what that content_filter lets out, other than a relay host
// where all mail goes; empty: nowhere (postconf(5)).
std::string_view diversion_of(const Configuration& configuration, std::string_view content_filter);

// Where mail goes that a listener gives to its content_filter, for which transport_maps are not
// asked (postconf(5)).
enum class FilterWay {
  none,       // there is no filter, or one that is no mail server
  back_here,  // a filter of this host, which hands it back
  elsewhere,  // another host; it may hand it back
  recipient,  // the recipient's own mail servers: nothing hands it back
};
FilterWay way_of_filter(const Configuration& configuration, std::string_view content_filter);

// The listener of this host that a next hop leads to; null when it leads elsewhere.
const Listener* listener_at(const std::vector<Listener>& listeners, std::string_view next_hop);

// The table as postmap has to be given it. A socket's path begins at the queue directory for
// Postfix's processes, in a chroot and outside, but where we are for postmap.
std::string seen_from_here(std::string_view table, std::string_view queue_directory);

// "key<TAB>answer" lines of postmap -q and -s.
std::vector<Route> read_routes(const std::string& table, std::string_view printed);

}  // namespace icm::ctl::postfix
