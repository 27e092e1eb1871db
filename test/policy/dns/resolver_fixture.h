// SPDX-License-Identifier: Apache-2.0
//
// What the tests of UnboundResolver share: the resolver over given servers, and an answer as text.
#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "policy/dns/unbound_resolver.h"

namespace icm {

// Long enough for any answer that comes, even on a busy machine under a sanitizer.
inline Deadline generous() { return Deadline::in(std::chrono::seconds{90}); }

inline std::unique_ptr<UnboundResolver> resolver_over(
    std::vector<NameServer> servers, std::string trust_anchor = {},
    std::chrono::seconds timeout = std::chrono::seconds{20}) {
  auto resolver = UnboundResolver::open(
      {.servers = std::move(servers), .trust_anchor = std::move(trust_anchor), .timeout = timeout});
  if (!resolver) throw std::runtime_error(resolver.error().text);
  return *std::move(resolver);
}

// "ok: text | text", "ok: 192.0.2.1 192.0.2.2", "no such name": sorted, without TTL.
inline std::string shown(const DnsAnswer& answer) {
  std::vector<std::string> records = answer.texts;
  for (const IpAddress& address : answer.addresses) records.push_back(address.text());
  for (const std::string& name : answer.names) records.push_back(name);
  for (const MxRecord& exchange : answer.exchanges) {
    records.push_back(fmt::format("{} \"{}\"", exchange.preference, exchange.host));
  }
  std::sort(records.begin(), records.end());
  std::string text(to_string(answer.status));
  for (std::size_t i = 0; i < records.size(); ++i) text += (i == 0 ? ": " : " | ") + records[i];
  return text;
}

}  // namespace icm
