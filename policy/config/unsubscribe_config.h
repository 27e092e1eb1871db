// SPDX-License-Identifier: Apache-2.0
//
// UnsubscribeConfig: the `unsubscribe` section of milter.conf; a part of config.h.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "policy/base/ip_address.h"

namespace icm {

// icloud-milterctl unsubscribe serve.
struct UnsubscribeEndpointConfig {
  std::string address = "inet:8058@127.0.0.1";
  bool exposed = false;
  std::string owner;
  std::string group;
  int mode = 0660;
  std::vector<IpRange> proxies = {IpRange::parse("127.0.0.1").value(),
                                  IpRange::parse("::1").value()};
  int per_client = 30;
  int overall = 6000;
  int connections = 64;
  std::chrono::seconds deadline{10};
  std::string site;
  bool log_addresses = false;
  bool operator==(const UnsubscribeEndpointConfig&) const = default;
};

template <class Visitor>
void describe(UnsubscribeEndpointConfig& c, Visitor& visit) {
  visit.socket("address", c.address, "Where the web server finds it.");
  visit.flag("exposed", c.exposed,
             "Whether the address may be one that other hosts reach. It speaks no TLS: what stands "
             "before it has to.");
  visit.text("owner", c.owner, "User that shall own a unix socket; empty keeps its own user.");
  visit.text("group", c.group,
             "Group that shall own a unix socket; the web server's user must be in it. Empty keeps "
             "its own group.");
  visit.octal("mode", c.mode, 0, 0777, "Permissions of a unix socket, in octal.");
  visit.ranges("proxies", c.proxies,
               "Networks of web servers whose X-Forwarded-For is believed; whoever connects to a "
               "unix socket is one.");
  visit.number("per_client", c.per_client, 1, 100000,
               "Requests a minute from one client (of IPv6 a /64), all at once if need be; more "
               "are told to come again.");
  visit.number("overall", c.overall, 1, 10000000, "Requests a minute from all clients together.");
  visit.number("connections", c.connections, 1, 4096,
               "Connections served at once; further ones wait to be let in.");
  visit.span("deadline", c.deadline, std::chrono::seconds{1}, std::chrono::seconds{300},
             "Time for a whole request and its answer; whoever is slower is let go.");
  visit.text("site", c.site, "The sender's name, shown on the page; empty shows none.");
  visit.flag("log_addresses", c.log_addresses,
             "Whether the log names who unsubscribed; else it has a keyed hash.");
}

struct UnsubscribeConfig {
  std::string url;
  std::string mailto;
  std::string delimiter = "+";
  std::string key_file = "/etc/icloud-milter/unsubscribe.keys";
  std::string stream;
  UnsubscribeEndpointConfig endpoint;
  bool operator==(const UnsubscribeConfig&) const = default;
};

template <class Visitor>
void describe(UnsubscribeConfig& c, Visitor& visit) {
  visit.text("url", c.url,
             "Where the web server takes unsubscribes, as https://news.example.com/unsubscribe; "
             "a slash and a token follow. Empty: no https form is minted.");
  visit.text("mailto", c.mailto,
             "Where mail unsubscribes: an address, behind whose local part a token follows, or a "
             "domain whose local parts are tokens. Empty: no mailto form is minted.");
  visit.word("delimiter", c.delimiter, {"+", "-", "=", "_"},
             "What stands between local part and token (Postfix: recipient_delimiter).");
  visit.key_file("key_file", c.key_file,
                 "The keys of the tokens, a line of 64 hexadecimal digits each: the first mints, "
                 "all are read. credential:NAME is a credential of the systemd unit.");
  visit.text("stream", c.stream,
             "The stream that is left when none is named; empty means all mail.");
  visit.section("endpoint", c.endpoint, "What icloud-milterctl unsubscribe serve does.");
}

}  // namespace icm
