// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/mail_server.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "milter/ctl/postfix/site_reader.h"
#include "policy/base/text.h"

namespace icm::ctl::doctor {
namespace {

// Postfix looks tables up while it holds mail up; one that takes so long is no table to have.
constexpr std::chrono::seconds table_patience{5};

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

// How parents of a domain are looked up (postconf(5), parent_domain_matches_subdomains).
enum class ParentForm { with_dot, bare };

// transport(5), "TABLE SEARCH ORDER": each is looked for in every table before the next one is.
std::vector<std::string> keys_of(const std::string& domain, ParentForm form) {
  std::vector<std::string> keys = {postfix::somebody_at(domain), domain};
  for (std::size_t dot = domain.find('.'); dot != std::string::npos;
       dot = domain.find('.', dot + 1)) {
    keys.push_back(domain.substr(form == ParentForm::with_dot ? dot : dot + 1));
  }
  keys.emplace_back("*");
  return keys;
}

// One of transport_maps.
struct Table {
  bool takes_domains = true;
  std::vector<postfix::Route> answers;
};

const std::string* answer_in(const std::vector<Table>& tables,
                             const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    const bool is_address = key.find('@') != std::string::npos;
    for (const Table& table : tables) {
      if (!is_address && !table.takes_domains) continue;
      const auto found = std::ranges::find(table.answers, key, &postfix::Route::key);
      if (found != table.answers.end()) return &found->answer;
    }
  }
  return nullptr;
}

}  // namespace

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

Route parse_route(std::string_view text) {
  text = trim(text);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {.transport = std::string(text), .next_hop = {}};
  return {.transport = std::string(text.substr(0, colon)),
          .next_hop = std::string(text.substr(colon + 1))};
}

std::optional<std::chrono::seconds> parse_postfix_time(std::string_view text) {
  text = trim(text);
  std::uint64_t unit = 1;
  if (!text.empty() && !is_digit(text.back())) {
    switch (text.back()) {
      case 's':
        break;
      case 'm':
        unit = 60;
        break;
      case 'h':
        unit = 3600;
        break;
      case 'd':
        unit = 86400;
        break;
      case 'w':
        unit = 604800;
        break;
      default:
        return std::nullopt;
    }
    text.remove_suffix(1);
  }
  const auto number = parse_number(text);
  if (!number || *number > 100'000'000) return std::nullopt;
  return std::chrono::seconds(*number * unit);
}

Result<MailServer> MailServer::read(const std::string& directory) {
  ICM_TRY(postfix::PostfixPrograms programs, postfix::choose_instance(directory));
  ICM_TRY(postfix::Configuration configuration, postfix::read_configuration(programs));
  return MailServer(std::move(programs), std::move(configuration));
}

const postfix::MilterEntry* MailServer::ours(const std::vector<postfix::MilterEntry>& milters,
                                             const Config& config, const MailServer& server) {
  const auto address = SocketAddress::parse(config.socket.address);
  if (!address) return nullptr;
  const auto found = std::ranges::find_if(milters, [&](const postfix::MilterEntry& entry) {
    return postfix::leads_to(entry, *address, server.configuration().queue_directory());
  });
  return found == milters.end() ? nullptr : &*found;
}

Result<std::optional<std::string>> MailServer::look_up(const std::string& table,
                                                       const std::string& key,
                                                       Deadline deadline) const {
  const std::string queue(configuration_.queue_directory());
  ICM_TRY(const ProgramEnd end,
          programs_.ask("postmap", {"-q", key, postfix::seen_from_here(table, queue)}, {},
                        deadline.at_most(table_patience)));
  if (end.status == 0) return std::optional(std::string(trim(end.output)));
  // Not found is status 1, too, and warnings may stand beside it.
  const auto fatal = end.errors.find("fatal:");
  if (fatal == std::string::npos) return std::optional<std::string>();
  return fail(Code::config, fmt::format("{} cannot be asked: {}", table,
                                        excerpt(trim(end.errors.substr(fatal)), 400)));
}

Result<std::vector<std::optional<Route>>> MailServer::routes_of(
    const std::vector<std::string>& domains, Deadline deadline) const {
  const std::string_view parents = configuration_.value("parent_domain_matches_subdomains");
  const ParentForm form = parents.find("transport_maps") == std::string_view::npos
                              ? ParentForm::with_dot
                              : ParentForm::bare;
  std::vector<std::string> keys;
  for (const std::string& domain : domains) {
    for (std::string& key : keys_of(domain, form)) {
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(std::move(key));
    }
  }
  std::vector<Table> tables;
  const std::string queue(configuration_.queue_directory());
  for (const std::string_view name : postfix::split_list(configuration_.value("transport_maps"))) {
    ICM_TRY(auto answers,
            postfix::ask_table(programs_, name, keys, queue, deadline.at_most(table_patience)));
    tables.push_back(
        {.takes_domains = !takes_whole_addresses_only(name), .answers = std::move(answers)});
  }
  std::vector<std::optional<Route>> routes;
  for (const std::string& domain : domains) {
    const std::string* const found = answer_in(tables, keys_of(domain, form));
    routes.push_back(found == nullptr ? std::nullopt : std::optional(parse_route(*found)));
  }
  return routes;
}

const postfix::Listener* MailServer::listener_at(const std::vector<postfix::Listener>& listeners,
                                                 std::string_view next_hop) {
  const std::string host = host_of(next_hop);
  const std::string_view port = port_of(next_hop);
  if (port.empty()) return nullptr;
  const auto found = std::ranges::find_if(listeners, [&](const postfix::Listener& one) {
    const std::string& name = one.service->name;
    if (one.service->type != "inet") return false;
    const bool has_host = name.find(':') != std::string::npos;
    if ((has_host ? port_of(name) : std::string_view(name)) != port) return false;
    const std::string its = host_of(name);
    return its == host || (is_of_this_host(host) && (its.empty() || is_of_this_host(its)));
  });
  return found == listeners.end() ? nullptr : &*found;
}

}  // namespace icm::ctl::doctor
