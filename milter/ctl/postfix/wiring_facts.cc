// SPDX-License-Identifier: Apache-2.0
//
// What of the wiring is there already.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milter/ctl/postfix/gate_files.h"
#include "milter/ctl/postfix/wiring_plan.h"
#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

bool has_ours(const Site& site, const std::vector<MilterEntry>& milters) {
  return std::ranges::any_of(milters, [&](const MilterEntry& one) {
    return leads_to(one, site.socket, site.postfix.queue_directory());
  });
}

bool is_gate(const Site& site, const Listener& listener) {
  return std::ranges::find(site.roles.gate, listener.daemon_name) != site.roles.gate.end() &&
         has_ours(site, listener.milters);
}

// Reached from this host alone.
bool is_on_loopback(const Service& service) {
  return service.name.starts_with("127.") || service.name.starts_with("localhost:") ||
         service.name.starts_with("[::1]:");
}

// Domains that no table leads to the gate, one sentence for all of them.
void add_unrouted(const Site& site, std::vector<std::string>& lacking) {
  std::vector<std::string> domains;
  for (const std::string& domain : domains_of(site)) {
    const Route* route = route_of(site.routes, domain);
    if (route == nullptr || !leads_to_gate(site, *route)) domains.push_back(domain);
  }
  if (domains.empty()) return;
  lacking.push_back(fmt::format("transport_maps does not lead mail for {} to the gate",
                                fmt::join(domains, ", ")));
}

// What has passed the gate and is not sent to Apple.
void add_diversion(const Site& site, std::vector<std::string>& lacking) {
  const Service* const gate = gate_of(site);
  if (gate == nullptr) return;
  const auto hop = diversion_of(site.postfix, site.postfix.value_for(*gate, "content_filter"));
  if (hop.empty()) return;
  lacking.push_back(
      fmt::format("main.cf: default_filter_nexthop = {}: mail that has passed the "
                  "gate goes there instead of to Apple",
                  hop));
}

// Those, the gate apart, whose content_filter leads there.
std::vector<const Listener*> filtered(const Site& site, FilterWay way,
                                      const std::vector<Listener>& entrances) {
  std::vector<const Listener*> found;
  for (const Listener& one : entrances) {
    const auto& direct = site.roles.direct;  // judges as it takes
    if (is_gate(site, one) || std::ranges::find(direct, one.daemon_name) != direct.end()) continue;
    // A gate without its name; that is another sentence.
    if (one.service->overrides.contains("content_filter") &&
        parse_destination(one.content_filter).transport == "icloud-out") {
      continue;
    }
    if (way_of_filter(site.postfix, one.content_filter) == way) found.push_back(&one);
  }
  return found;
}

void add_uncovered(const Site& site, std::vector<std::string>& lacking) {
  for (const Listener& listener : listeners_of(site.postfix)) {
    if (has_ours(site, listener.milters) ||
        is_left_alone(site.postfix, listener, site.is_arrival_covered))
      continue;
    lacking.push_back(
        fmt::format("mail that comes in by {} does not pass the arrival: the milter "
                    "is not among its smtpd_milters",
                    listener.service->key()));
  }
  if (!has_ours(site, parse_milter_list(site.postfix.value("non_smtpd_milters")))) {
    lacking.push_back(
        "mail from sendmail(1) does not pass the arrival: the milter is not in non_smtpd_milters");
  }
}

}  // namespace

const Service* gate_of(const Site& site) {
  for (const Listener& listener : listeners_of(site.postfix)) {
    if (is_gate(site, listener)) return listener.service;
  }
  return nullptr;
}

std::optional<std::uint16_t> port_of_gate(const Site& site, std::uint16_t otherwise) {
  const Service* gate = gate_of(site);
  return gate == nullptr ? otherwise : port_on_loopback(*gate);
}

std::optional<std::uint16_t> port_on_loopback(const Service& listener) {
  // master(5): "host:port", or the port alone for all that inet_interfaces names.
  const std::string_view name = listener.name;
  const auto colon = name.rfind(':');
  const std::string_view host = colon == std::string_view::npos ? "" : name.substr(0, colon);
  if (host != "" && host != "127.0.0.1" && host != "localhost" && host != "0.0.0.0") {
    return std::nullopt;
  }
  const auto number = parse_number(name.substr(colon == std::string_view::npos ? 0 : colon + 1));
  if (!number || *number == 0 || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

std::vector<std::string> domains_of(const Site& site) {
  std::vector<std::string> domains = gate_domains();
  for (const std::string& one : site.added_domains) {
    if (std::ranges::find(domains, one) == domains.end()) domains.push_back(one);
  }
  return domains;
}

std::vector<std::string> domains_of(const Config& milter) {
  Site site;
  for (const Domain& domain : milter.apple.domains) site.added_domains.emplace_back(domain.text());
  return domains_of(site);
}

std::string milter_place(const Site& site) {
  return place_of(site.socket, site.postfix.queue_directory());
}

bool asks_routes(const Site& site) {
  const auto tables = split_list(transport_maps_of(site.postfix));
  return std::ranges::any_of(
      tables, [&](std::string_view table) { return is_table_of_daemon(table, site.asked_routes); });
}

std::string table_of_daemon(const Config& milter, std::string_view queue_directory) {
  const SocketmapConfig& map = milter.routing.socketmap;
  const auto socket = SocketAddress::parse(map.address);
  if (map.address.empty() || !socket) return "";
  return fmt::format("socketmap:{}:{}", place_of(*socket, queue_directory), map.map);
}

std::string place_of(const SocketAddress& socket, std::string_view queue_directory) {
  switch (socket.family) {
    case SocketAddress::Family::unix_path: {
      std::string queue(queue_directory);
      while (queue.size() > 1 && queue.ends_with('/')) queue.pop_back();
      const std::string path = std::filesystem::path(socket.path).lexically_normal().string();
      if (path.starts_with(queue + "/")) return "unix:" + path.substr(queue.size() + 1);
      return "unix:" + path;
    }
    case SocketAddress::Family::inet:
      return fmt::format("inet:{}:{}", socket.host == "0.0.0.0" ? "127.0.0.1" : socket.host,
                         socket.port);
    case SocketAddress::Family::inet6:
      return fmt::format("inet:[{}]:{}", socket.host == "::" ? "::1" : socket.host, socket.port);
  }
  return "";
}

bool leads_to_gate(const Site& site, const Route& route) {
  const Destination way = parse_destination(route.answer);
  if (gate_of(site) == nullptr) return way.transport == "icloud-gate";
  const auto listeners = listeners_of(site.postfix);
  const Listener* const there = listener_at(listeners, way.next_hop);
  return there != nullptr && is_gate(site, *there);
}

std::vector<std::string> ways_round(const Site& site) {
  const std::vector<Listener> entrances = entrances_of(site.postfix);
  std::vector<std::string> ways;
  const Service* const way_in = site.postfix.service("icloud-gate", "unix");
  if (way_in != nullptr) {
    if (const auto relay = site.postfix.value_for(*way_in, "smtp_fallback_relay"); !relay.empty()) {
      ways.push_back(fmt::format(
          "master.cf: icloud-gate/unix has smtp_fallback_relay = {}: while the gate says later, "
          "mail for Apple goes there, unjudged",
          relay));
    }
  }
  for (const Listener* entrance : filtered(site, FilterWay::recipient, entrances)) {
    ways.push_back(fmt::format(
        "{} has content_filter = {}, by which mail for Apple that comes in there leaves "
        "past the gate",
        entrance->service->key(), entrance->content_filter));
  }
  return ways;
}

std::vector<std::string> ways_elsewhere(const Site& site) {
  const std::vector<Listener> entrances = entrances_of(site.postfix);
  std::vector<std::string> sentences;
  for (const Listener* entrance : filtered(site, FilterWay::elsewhere, entrances)) {
    sentences.push_back(
        fmt::format("{} has content_filter = {}, on another host: mail for Apple that is not "
                    "handed back from there goes past the gate",
                    entrance->service->key(), entrance->content_filter));
  }
  for (const FilterLine& one : site.filters.past) {
    sentences.push_back(
        fmt::format("{}: {} has FILTER {}: mail for Apple that it chooses goes past the gate",
                    one.place, one.table, one.way));
  }
  for (const std::string& one : site.filters.unread) {
    sentences.push_back(
        fmt::format("whether a FILTER leads mail past the gate is not seen: {}", one));
  }
  return sentences;
}

std::vector<std::string> ways_by_client(const Site& site) {
  std::vector<std::string> sentences;
  for (const Listener& listener : listeners_of(site.postfix)) {
    if (is_gate(site, listener) || !has_ours(site, listener.milters)) continue;
    const auto maps = site.postfix.value_for(*listener.service, "smtpd_milter_maps");
    if (maps.empty()) continue;
    sentences.push_back(fmt::format(
        "mail that comes in by {0} need not pass the arrival: smtpd_milter_maps = {1} chooses the "
        "milters by client; \"postconf -P '{0}/smtpd_milter_maps='\" ends that",
        listener.service->key(), excerpt(maps)));
  }
  return sentences;
}

std::vector<std::string> ways_of_people(const Site& site) {
  std::vector<std::string> sentences;
  for (const Route& one : site.people.routes) {
    if (leads_to_gate(site, one)) continue;
    sentences.push_back(
        fmt::format("{} answers \"{}\" for {}: mail for that address goes past the gate, unjudged",
                    one.table, one.answer, one.key));
  }
  for (const std::string& one : site.people.unlisted) {
    sentences.push_back(fmt::format(
        "whether a table leads mail for single addresses past the gate is not seen: {}", one));
  }
  return sentences;
}

bool has_no_milters_on_purpose(const Configuration& postfix, const Listener& listener) {
  if (!listener.milters.empty()) return false;
  return listener.has_own_milters ||
         postfix.value_for(*listener.service, "receive_override_options").find("no_milters") !=
             std::string_view::npos;
}

bool is_left_alone(const Configuration& postfix, const Listener& listener,
                   bool is_arrival_covered) {
  if (listener.milters.empty()) {
    return has_no_milters_on_purpose(postfix, listener) &&
           (!is_arrival_covered || is_on_loopback(*listener.service));
  }
  return takes_mail_back(postfix, listener);
}

bool takes_mail_back(const Configuration& postfix, const Listener& listener) {
  if (!listener.content_filter.empty()) return false;
  if (!is_on_loopback(*listener.service) || !listener.service->overrides.contains("content_filter"))
    return false;
  const std::string_view everywhere = postfix.value("content_filter");
  return !everywhere.empty() || std::ranges::any_of(postfix.services, [](const Service& one) {
    const auto filter = one.overrides.find("content_filter");
    return filter != one.overrides.end() && !filter->second.empty() &&
           !filter->second.starts_with("icloud-out:");
  });
}

std::vector<std::string> lacks(const Site& site, const WiringOptions& options) {
  std::vector<std::string> lacking;
  if (gate_of(site) == nullptr) {
    lacking.push_back(
        fmt::format("no smtpd of master.cf is the gate: none has both the milter {} "
                    "and milter_macro_daemon_name={}",
                    milter_place(site), fmt::join(site.roles.gate, " or ")));
  }
  for (const std::string_view name : {"icloud-gate", "icloud-out"}) {
    if (site.postfix.service(name, "unix") == nullptr) {
      lacking.push_back(fmt::format("master.cf has no transport {}", name));
    }
  }
  add_unrouted(site, lacking);
  for (std::string& sentence : ways_round(site)) lacking.push_back(std::move(sentence));
  add_diversion(site, lacking);
  if (!site.asked_routes.empty() && !asks_routes(site)) {
    lacking.push_back(
        fmt::format("transport_maps does not ask the daemon, which knows domains by "
                    "their MX: it has no {}",
                    site.asked_routes));
  }
  if (options.has_arrival) add_uncovered(site, lacking);
  return lacking;
}

}  // namespace icm::ctl::postfix
