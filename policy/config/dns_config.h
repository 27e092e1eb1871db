// SPDX-License-Identifier: Apache-2.0
//
// DnsConfig: the `dns` section of milter.conf; a part of config.h.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "policy/base/name_server.h"

namespace icm {

struct DnsConfig {
  std::vector<NameServer> servers;
  std::string resolv_conf = "/etc/resolv.conf";
  bool dnssec = false;
  std::string trust_anchor = "/usr/share/dns/root.key";
  std::chrono::seconds timeout{5};
  bool operator==(const DnsConfig&) const = default;
};

template <class Visitor>
void describe(DnsConfig& c, Visitor& visit) {
  visit.servers("servers", c.servers,
                "Name servers that are asked, with a port where it is not 53; empty means those of "
                "resolv_conf. One on this host that validates is best.");
  visit.path("resolv_conf", c.resolv_conf,
             "Where the host's name servers stand. Read at start and on HUP.");
  visit.flag("dnssec", c.dnssec,
             "Whether answers are validated here, too (RFC 4035). Needed only when the way to the "
             "servers cannot be trusted, and only good when they hand signatures on.");
  visit.path("trust_anchor", c.trust_anchor,
             "Key of the root zone that validation starts from (Debian: package dns-root-data).");
  visit.span("timeout", c.timeout, std::chrono::seconds{1}, std::chrono::seconds{60},
             "Longest wait for one answer; a later one is kept for the next message.");
}

}  // namespace icm
