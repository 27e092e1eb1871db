// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/routes.h"

#include <algorithm>
#include <array>
#include <set>

#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milter/ctl/postfix/milter_list.h"
#include "policy/base/ip_address.h"
#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

// An address that no rule for single people is about.
std::string somebody_at(std::string_view domain) {
  return fmt::format("icloud-milter-probe@{}", domain);
}

// transport(5), "TABLE SEARCH ORDER": each is looked for in every table before the next one is.
std::vector<std::string> keys_of(std::string_view domain, ParentForm form) {
  std::vector<std::string> keys = {somebody_at(domain), std::string(domain)};
  for (std::size_t dot = domain.find('.'); dot != std::string::npos;
       dot = domain.find('.', dot + 1)) {
    keys.emplace_back(domain.substr(form == ParentForm::with_dot ? dot : dot + 1));
  }
  keys.emplace_back("*");
  return keys;
}

tl::unexpected<Error> cannot_ask(Code code, std::string_view table, std::string_view why) {
  return fail(code, fmt::format("transport_maps: {} cannot be asked: {}", table, why));
}

// What one table answers, for those of the keys that it has.
Result<std::vector<Route>> ask_table(const PostfixPrograms& programs, std::string_view table,
                                     const std::vector<std::string>& keys, std::string_view queue,
                                     Deadline deadline) {
  const auto end = programs.ask("postmap", {"-q", "-", seen_from_here(table, queue)},
                                fmt::format("{}\n", fmt::join(keys, "\n")), deadline);
  if (!end) return cannot_ask(end.error().code, table, end.error().text);
  // Not found is status 1, too, and warnings may stand beside it.
  const auto fatal = end->errors.find("fatal:");
  if (end->status != 0 && fatal != std::string::npos) {
    return cannot_ask(Code::config, table, excerpt(trim(end->errors.substr(fatal)), 400));
  }
  return read_routes(std::string(table), end->output);
}

// The port at the end of "[127.0.0.1]:10027" or "127.0.0.1:10027", as it is written.
std::string_view port_of(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  return colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
}

std::string host_of(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::string host(colon == std::string_view::npos ? std::string_view() : text.substr(0, colon));
  std::erase_if(host, [](char c) { return c == '[' || c == ']'; });
  return lower_ascii(host);
}

bool is_of_this_host(const std::string& host) {
  if (host == "localhost") return true;
  const auto address = IpAddress::parse(host);
  return address && address->is_loopback();
}

}  // namespace

Destination parse_destination(std::string_view text) {
  text = trim(text);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {.transport = std::string(text), .next_hop = {}};
  return {.transport = std::string(text.substr(0, colon)),
          .next_hop = std::string(text.substr(colon + 1))};
}

std::string_view transport_maps_of(const Configuration& configuration) {
  const Service* const rewrite = configuration.service("rewrite", "unix");
  return rewrite == nullptr ? configuration.value("transport_maps")
                            : configuration.value_for(*rewrite, "transport_maps");
}

Result<Routes> ask_routes(const PostfixPrograms& programs, const Configuration& configuration,
                          const std::vector<std::string>& domains, std::chrono::seconds patience,
                          Deadline deadline) {
  Routes routes;
  const std::string_view parents = configuration.value("parent_domain_matches_subdomains");
  if (parents.find("transport_maps") != std::string_view::npos) routes.form = ParentForm::bare;
  std::vector<std::string> keys;
  for (const std::string& domain : domains) {
    for (std::string& key : keys_of(domain, routes.form)) {
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(std::move(key));
    }
  }
  for (const std::string_view name : split_list(transport_maps_of(configuration))) {
    ICM_TRY(auto answers, ask_table(programs, name, keys, configuration.queue_directory(),
                                    deadline.at_most(patience)));
    routes.tables.push_back({.name = std::string(name),
                             .takes_domains = !takes_whole_addresses_only(name),
                             .answers = std::move(answers)});
  }
  return routes;
}

const Route* route_of(const Routes& routes, std::string_view domain) {
  for (const std::string& key : keys_of(domain, routes.form)) {
    const bool is_address = key.find('@') != std::string::npos;
    for (const RouteTable& table : routes.tables) {
      if (!is_address && !table.takes_domains) continue;
      const auto found = std::ranges::find(table.answers, key, &Route::key);
      if (found != table.answers.end()) return &*found;
    }
  }
  return nullptr;
}

bool is_wider_than(const Route& route, std::string_view domain) {
  return route.key != domain && route.key != somebody_at(domain);
}

Result<std::vector<Route>> list_table(const PostfixPrograms& programs, std::string_view table,
                                      Deadline deadline) {
  std::string_view file = table;
  // proxymap(8) gives single answers alone, and we may open what it opens.
  constexpr std::string_view proxy = "proxy:";
  if (file.starts_with(proxy)) file.remove_prefix(proxy.size());
  // Asked of any other, postmap writes "fatal:" into the mail log besides.
  constexpr std::array<std::string_view, 8> types = {"hash", "btree", "lmdb",     "cdb",
                                                     "dbm",  "sdbm",  "texthash", "inline"};
  const std::string_view type = file.substr(0, file.find(':'));
  if (std::ranges::find(types, type) == types.end()) {
    return fail(Code::config, fmt::format("a table of type {} cannot be listed", type));
  }
  ICM_TRY(const ProgramEnd end, programs.ask("postmap", {"-s", std::string(file)}, {}, deadline));
  if (end.status == 0) return read_routes(std::string(table), end.output);
  constexpr std::string_view mark = "fatal: ";
  const std::string_view why = trim(end.errors);
  const auto at = why.rfind(mark);
  return fail(Code::config,
              excerpt(at == std::string_view::npos ? why : why.substr(at + mark.size()), 400));
}

SingleRoutes single_routes(const PostfixPrograms& programs, const Configuration& configuration,
                           const std::vector<std::string>& domains, std::string_view asked_routes,
                           std::chrono::seconds patience, Deadline deadline) {
  SingleRoutes found;
  std::set<std::string> seen;
  for (const std::string_view name : split_list(transport_maps_of(configuration))) {
    // Says the same of everybody, or is ours.
    if (name.starts_with("static:") || is_table_of_daemon(name, asked_routes)) continue;
    auto entries = list_table(programs, name, deadline.at_most(patience));
    if (!entries) {
      found.unlisted.push_back(fmt::format("{}: {}", name, entries.error().text));
      continue;
    }
    for (Route& entry : *entries) {
      const auto at = entry.key.rfind('@');
      if (at == std::string::npos) continue;
      const std::string key = lower_ascii(entry.key);
      if (std::ranges::find(domains, key.substr(at + 1)) == domains.end()) continue;
      if (seen.insert(key).second) found.routes.push_back(std::move(entry));
    }
  }
  return found;
}

bool is_table_of_daemon(std::string_view table, std::string_view asked_routes) {
  // An absolute path, or proxy: in front, is the same.
  constexpr std::size_t behind_type = 10;  // "socketmap:"
  if (asked_routes.empty() || table.find("socketmap:") == std::string_view::npos) return false;
  return table.ends_with(asked_routes.substr(asked_routes.find(':', behind_type) + 1));
}

bool takes_whole_addresses_only(std::string_view table) {
  // Of several tables that stand as one, the first decides.
  for (const std::string_view wrapping : {"proxy:", "unionmap:{", "pipemap:{"}) {
    if (!table.starts_with(wrapping)) continue;
    table.remove_prefix(wrapping.size());
    table = trim(table);
  }
  constexpr std::array<std::string_view, 5> types = {"regexp", "pcre", "cidr", "tcp", "socketmap"};
  return std::ranges::find(types, table.substr(0, table.find(':'))) != types.end();
}

std::string_view diversion_of(const Configuration& configuration, std::string_view content_filter) {
  if (content_filter.empty() || !parse_destination(content_filter).next_hop.empty()) return "";
  const std::string_view hop = configuration.value("default_filter_nexthop");
  return hop == configuration.value("relayhost") ? std::string_view() : hop;
}

FilterWay way_of_filter(const Configuration& configuration, std::string_view content_filter) {
  if (content_filter.empty()) return FilterWay::none;
  const Destination way = parse_destination(content_filter);
  const Service* const transport = configuration.service(way.transport, "unix");
  // pipe(8) and the like hand mail to a program.
  if (transport == nullptr || (transport->command != "smtp" && transport->command != "lmtp")) {
    return FilterWay::none;
  }
  std::string_view hop = way.next_hop;
  if (hop.empty()) hop = configuration.value("default_filter_nexthop");
  if (hop.empty()) return FilterWay::recipient;
  if (hop.starts_with("unix:")) return FilterWay::back_here;
  if (hop.starts_with("inet:")) hop.remove_prefix(5);
  if (listener_at(listeners_of(configuration), hop) != nullptr) return FilterWay::back_here;
  const bool is_bare = hop.ends_with(']') || hop.find(':') == std::string_view::npos;
  return is_of_this_host(host_of(is_bare ? fmt::format("{}:", hop) : std::string(hop)))
             ? FilterWay::back_here
             : FilterWay::elsewhere;
}

const Listener* listener_at(const std::vector<Listener>& listeners, std::string_view next_hop) {
  const std::string host = host_of(next_hop);
  const std::string_view port = port_of(next_hop);
  if (port.empty()) return nullptr;
  const auto found = std::ranges::find_if(listeners, [&](const Listener& one) {
    const std::string& name = one.service->name;
    if (one.service->type != "inet") return false;
    const bool has_host = name.find(':') != std::string::npos;
    if ((has_host ? port_of(name) : std::string_view(name)) != port) return false;
    const std::string its = host_of(name);
    return its == host || (is_of_this_host(host) && (its.empty() || is_of_this_host(its)));
  });
  return found == listeners.end() ? nullptr : &*found;
}

std::string seen_from_here(std::string_view table, std::string_view queue) {
  constexpr std::string_view kind = "socketmap:unix:";
  const auto at = table.find(kind);
  if (at == std::string_view::npos) return std::string(table);
  const std::string_view path = table.substr(at + kind.size());
  const std::string within = fmt::format("{}/{}", queue, path.substr(0, path.rfind(':')));
  if (path.starts_with('/') && ::access(within.c_str(), F_OK) != 0) return std::string(table);
  return fmt::format("{}{}/{}", table.substr(0, at + kind.size()), queue, path);
}

std::vector<Route> read_routes(const std::string& table, std::string_view printed) {
  std::vector<Route> routes;
  for (const std::string_view line : split(printed, '\n')) {
    const auto tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    routes.push_back({.table = table,
                      .key = std::string(line.substr(0, tab)),
                      .answer = std::string(trim(line.substr(tab + 1)))});
  }
  return routes;
}

}  // namespace icm::ctl::postfix
