// SPDX-License-Identifier: Apache-2.0
#include "policy/delivery/apple_traffic.h"

#include <algorithm>
#include <array>

#include "policy/base/ip_address.h"
#include "policy/delivery/delivery_line.h"

namespace icm {
namespace {

constexpr auto npos = std::string_view::npos;

// RFC 1918 §3, RFC 6598 §7, RFC 3927 §2.1, RFC 4193 §3.1, RFC 4291 §2.5.6.
constexpr std::array<std::string_view, 7> private_networks = {
    "10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
    "169.254.0.0/16", "fc00::/7",      "fe80::/10"};

bool is_of_our_network(std::string_view text) {
  static const std::vector<IpRange> networks = [] {
    std::vector<IpRange> ranges;
    for (const std::string_view network : private_networks) {
      if (const auto range = IpRange::parse(network)) ranges.push_back(*range);
    }
    return ranges;
  }();
  if (text.empty()) return false;  // nobody was reached
  const auto address = IpAddress::parse(text);
  if (!address) return true;  // "private/filter", a socket of ours
  return address->is_loopback() || std::ranges::any_of(networks, [&](const IpRange& network) {
           return network.contains(*address);
         });
}

// Whether the end of `name` can be a domain of Apple's at all, which all of them share.
bool may_be_apples(std::string_view name) { return name.size() >= 3 && name.find('.') != npos; }

}  // namespace

bool AppleTraffic::is_transport(std::string_view program) const {
  return std::ranges::any_of(
      transports_, [&](const std::string& name) { return is_part_of_program(program, name); });
}

bool AppleTraffic::is_host(std::string_view relay_host) const {
  if (!may_be_apples(relay_host)) return false;
  const auto parsed = Domain::parse(relay_host);
  if (!parsed) return false;
  const auto covers = [&](const Domain& suffix) { return parsed->is_within(suffix); };
  if (std::ranges::any_of(mx_suffixes_, covers)) return true;
  std::string_view name = parsed->text();
  while (may_be_apples(name)) {
    const auto domain = Domain::parse(name);
    if (domain && apple_.contains(*domain)) return true;
    const std::size_t dot = name.find('.');
    name = dot == npos ? std::string_view() : name.substr(dot + 1);
  }
  return false;
}

bool AppleTraffic::is_recipient(std::string_view recipient) const {
  const std::size_t at = recipient.rfind('@');
  if (at == npos) return false;
  const auto domain = Domain::parse(recipient.substr(at + 1));
  return domain && apple_.contains(*domain);
}

bool AppleTraffic::concerns(std::string_view program, std::string_view recipient,
                            std::string_view relay_host, std::string_view relay_ip) const {
  if (is_transport(program)) return true;
  if (is_recipient(recipient)) {
    return is_host(relay_host) || !is_of_our_network(relay_ip);
  }
  return is_host(relay_host);
}

}  // namespace icm
