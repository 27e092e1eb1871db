// SPDX-License-Identifier: Apache-2.0
//
// RoutingConfig: the `routing` section of milter.conf; a part of config.h.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "policy/base/domain.h"
#include "policy/config/policy_options.h"

namespace icm {

// What the daemon answers Postfix's socketmap client, socketmap_table(5).
struct SocketmapConfig {
  std::string address;
  std::string owner;
  std::string group = "postfix";
  int mode = 0660;
  std::string map = "icloud";
  std::string transport = "icloud-gate:[127.0.0.1]:10027";
  int connections = 256;
  std::chrono::seconds idle{120};
  bool operator==(const SocketmapConfig&) const = default;
};

template <class Visitor>
void describe(SocketmapConfig& c, Visitor& visit) {
  visit.socket_or_none("address", c.address,
                       "Where Postfix asks which mail goes to the gate (transport_maps = "
                       "socketmap:unix:...:icloud): a unix socket, in Postfix's chroot such as "
                       "unix:/var/spool/postfix/icloud-milter/routes.sock, or a port of a loopback "
                       "address; empty means nowhere. A change of this section needs a restart.");
  visit.text("owner", c.owner, "User that shall own a unix socket; empty keeps the daemon's user.");
  visit.text("group", c.group,
             "Group that shall own a unix socket; the mail server's user must be in it. Empty "
             "keeps the daemon's group.");
  visit.octal("mode", c.mode, 0, 0777, "Permissions of a unix socket, in octal.");
  visit.name("map", c.map, "The map's name in Postfix's question; every other is refused.");
  visit.text("transport", c.transport,
             "The answer for Apple's domains, as transport(5) has it: the way to the gate.");
  visit.number("connections", c.connections, 1, 4096,
               "Connections served at once; each process of Postfix that looks up holds one. "
               "Further ones wait to be let in.");
  visit.span("idle", c.idle, std::chrono::seconds{1}, std::chrono::hours{24},
             "How long a connection may say nothing before it is closed; Postfix comes again.");
}

struct RoutingConfig {
  bool by_mx = false;
  std::vector<Domain> mx_suffixes = {Domain::parse("icloud.com").value(),
                                     Domain::parse("privaterelay.appleid.com").value()};
  std::vector<Domain> elsewhere;
  std::chrono::seconds timeout{5};
  OnError on_error = OnError::defer;
  std::chrono::seconds keep_least{60};
  std::chrono::seconds keep_most{3600};
  std::chrono::seconds keep_failing{86400};
  SocketmapConfig socketmap;
  bool operator==(const RoutingConfig&) const = default;
};

template <class Visitor>
void describe(RoutingConfig& c, Visitor& visit) {
  using std::chrono::hours;
  using std::chrono::seconds;
  visit.flag(
      "by_mx", c.by_mx,
      "Whether a domain is Apple's, too, when all mail servers that it prefers (MX) are: iCloud+ "
      "custom domains. With yes, the DNS is asked for the MX of each recipient's domain "
      "that no name tells apart.");
  visit.domains("mx_suffixes", c.mx_suffixes,
                "Domains at or below which mail servers are Apple's.");
  visit.domains(
      "elsewhere", c.elsewhere,
      "Domains that are not Apple's, without asking: those whose mail stays on this host, "
      "so that it goes on while the DNS fails.");
  visit.span("timeout", c.timeout, seconds{1}, seconds{30}, "How long to wait for an MX.");
  visit.choice("on_error", c.on_error,
               "When the DNS does not say whose a recipient is and nothing is known from before: "
               "defer it, or accept it as not Apple's.");
  visit.span("keep_least", c.keep_least, seconds{1}, hours{1},
             "How long an answer holds at least, whatever its TTL.");
  visit.span("keep_most", c.keep_most, seconds{1}, hours{24 * 7},
             "How long an answer holds at most, whatever its TTL.");
  visit.span("keep_failing", c.keep_failing, seconds{0}, hours{24 * 7},
             "How long the last answer stands in beyond that while the DNS fails (RFC 8767); 0s "
             "does without.");
  visit.section("socketmap", c.socketmap, "What Postfix is told.");
}

}  // namespace icm
