// SPDX-License-Identifier: Apache-2.0
//
// The doctor on the gate: whether every domain of Apple's is sent through it, and whether it is the
// gate that it should be.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "milter/ctl/doctor/mail_server.h"
#include "milter/ctl/doctor/other_user.h"
#include "milter/ctl/postfix/wiring_plan.h"
#include "policy/base/text.h"

namespace icm::ctl::doctor {
namespace {

using postfix::Listener;
using postfix::MilterEntry;

bool is_named(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

bool has_word(std::string_view list, std::string_view word) {
  const auto words = postfix::split_list(list);
  return std::ranges::find(words, word) != words.end();
}

// A setting of one milter, else of the service.
std::string_view setting(const MilterEntry& entry, const Listener& listener,
                         const MailServer& server, std::string_view name) {
  for (const auto& [key, value] : entry.settings) {
    if (key == name) return value;
  }
  return server.configuration().value_for(*listener.service, fmt::format("milter_{}", name));
}

class GateExamination {
 public:
  GateExamination(const Context& context, const MailServer& server, Deadline deadline)
      : context_(context),
        server_(server),
        deadline_(deadline),
        listeners_(postfix::listeners_of(server.configuration())) {}

  std::vector<std::string> reached() const {
    std::vector<std::string> names;
    for (const Listener* one : reached_) names.push_back(one->service->key());
    return names;
  }

  Diagnoses all() {
    const RolesConfig& roles = context_.config.roles;
    const bool has_gate = std::ranges::any_of(listeners_, [&](const Listener& one) {
      return is_named(roles.gate, one.daemon_name) && has_ours(one);
    });
    const bool has_direct = std::ranges::any_of(listeners_, [&](const Listener& one) {
      return is_named(roles.direct, one.daemon_name) && has_ours(one);
    });
    look_up_routes();
    if (has_direct && reached_.empty()) return std::move(diagnoses_);  // needs no gate
    if (!has_gate && reached_.empty()) {
      add(diagnoses_, found("postfix.gate-missing", {},
                            fmt::format("no smtpd in master.cf has our milter under the name {}, "
                                        "and transport_maps lead nowhere near it",
                                        fmt::join(roles.gate, " or "))));
      return std::move(diagnoses_);
    }
    tell_missing();
    tell_people();
    examine_filters();
    const bool can_ask = !context_.is_hermetic && OtherUser::can_be_tried();
    is_stopped_ = can_ask && !server_.is_running();
    if (is_stopped_) {
      add(diagnoses_, found("postfix.stopped", server_.configuration().directory,
                            "postfix status says that it is not running"));
    }
    for (const Listener* gate : reached_) examine(*gate);
    return std::move(diagnoses_);
  }

 private:
  bool has_ours(const Listener& listener) const {
    return MailServer::ours(listener.milters, context_.config, server_) != nullptr;
  }

  void look_up_routes() {
    const std::vector<std::string> domains = postfix::domains_of(context_.config);
    const auto routes = server_.routes_of(domains, deadline_);
    if (!routes) {
      add(diagnoses_, OtherUser::can_be_tried()
                          ? found("postfix.transport-broken", {}, routes.error().text)
                          : found("postfix.transport-not-asked", {}, routes.error().text));
      for (const Listener& one : listeners_) {  // nobody knows better which are meant
        if (is_named(context_.config.roles.gate, one.daemon_name)) reached_.push_back(&one);
      }
      return;
    }
    for (const std::string& domain : domains) {
      if (const postfix::Route* const route = postfix::route_of(*routes, domain)) {
        follow(domain, postfix::parse_destination(route->answer));
      } else {
        missing_.emplace_back(domain, "transport_maps do not name it");
      }
    }
    people_ = server_.routes_of_people(domains, context_.config, deadline_);
  }

  void follow(const std::string& domain, const postfix::Destination& route) {
    const Listener* const listener = postfix::listener_at(listeners_, route.next_hop);
    if (listener == nullptr) {
      missing_.emplace_back(domain,
                            fmt::format("{} leads to no listener of this Postfix", route.text()));
      return;
    }
    const postfix::Service* const way_in = server_.configuration().service(route.transport, "unix");
    if (way_in == nullptr) {
      missing_.emplace_back(domain,
                            fmt::format("there is no transport {} in master.cf", route.transport));
      return;
    }
    examine_way_in(*way_in);
    if (std::ranges::find(reached_, listener) == reached_.end()) reached_.push_back(listener);
    routes_.push_back(domain);
  }

  void examine_way_in(const postfix::Service& way_in) {
    add(diagnoses_, examine_service(server_, way_in));
    const std::string_view relay = server_.configuration().value_for(way_in, "smtp_fallback_relay");
    if (relay.empty()) return;
    add(diagnoses_,
        found(
            "postfix.gate-fallback", way_in.key(), fmt::format("smtp_fallback_relay is {}", relay),
            fmt::format("postconf -P '{}/smtp_fallback_relay=' && postfix reload", way_in.key())));
  }

  void examine_filters() {
    const RolesConfig& roles = context_.config.roles;
    const std::vector<std::string> gates = reached();  // also without their names
    for (const Listener& one : postfix::entrances_of(server_.configuration())) {
      if (is_named(roles.gate, one.daemon_name) || is_named(roles.direct, one.daemon_name))
        continue;
      if (is_named(gates, one.service->key())) continue;
      const auto way = postfix::way_of_filter(server_.configuration(), one.content_filter);
      const std::string what = fmt::format("content_filter is {}", one.content_filter);
      if (way == postfix::FilterWay::recipient) {
        add(diagnoses_, found("postfix.filter-past-gate", one.service->key(), what));
      } else if (way == postfix::FilterWay::elsewhere) {
        add(diagnoses_, found("postfix.filter-elsewhere", one.service->key(), what));
      }
    }
    const postfix::FilterLines lines = server_.filter_lines(context_.config, deadline_);
    for (const postfix::FilterLine& one : lines.past) {
      add(diagnoses_, found("postfix.filter-in-table", one.place,
                            fmt::format("{} has FILTER {}", one.table, one.way)));
    }
    for (const std::string& one : lines.unread) {
      add(diagnoses_, found("postfix.filter-unread", {}, one));
    }
  }

  // One finding for a table, however many people it names.
  void tell_people() {
    constexpr std::size_t most_named = 5;
    std::map<std::string, std::vector<std::string>> past;
    for (const postfix::Route& one : people_.routes) {
      const auto way = postfix::parse_destination(one.answer);
      const Listener* const there = postfix::listener_at(listeners_, way.next_hop);
      if (there != nullptr && has_ours(*there)) continue;
      past[one.table].push_back(fmt::format("{} by {}", one.key, way.text()));
    }
    for (auto& [table, ways] : past) {
      const std::size_t more = ways.size() - std::min(ways.size(), most_named);
      ways.resize(ways.size() - more);
      add(diagnoses_, found("postfix.address-past-gate", table,
                            fmt::format("leads {}{}", fmt::join(ways, ", "),
                                        more == 0 ? "" : fmt::format(" and {} more", more))));
    }
    for (const std::string& one : people_.unlisted) {
      add(diagnoses_, found("postfix.table-unlisted", {}, one));
    }
  }

  void tell_missing() {
    for (const auto& [domain, why] : missing_) {
      add(diagnoses_,
          found("postfix.transport-missing", domain, why,
                fmt::format("add {{{}=icloud-gate:[127.0.0.1]:10027}} to transport_maps", domain)));
    }
    if (!routes_.empty()) {
      add(diagnoses_, found("postfix.transport", fmt::format("{}", fmt::join(routes_, ", ")),
                            fmt::format("{} to {}", routes_.size() == 1 ? "goes" : "go",
                                        reached_.front()->service->key())));
    }
  }

  void examine(const Listener& gate) {
    const std::string name = gate.service->key();
    const MilterEntry* const entry = MailServer::ours(gate.milters, context_.config, server_);
    if (entry == nullptr) {
      return add(diagnoses_, found("postfix.gate-missing", name,
                                   "transport_maps lead there, and it has not our milter",
                                   fmt::format("postconf -P '{}/smtpd_milters=unix:icloud-milter/"
                                               "milter.sock'",
                                               name)));
    }
    const std::size_t before = diagnoses_.size();
    examine_name(gate, name);
    examine_settings(*entry, gate, name);
    for (Diagnosis& one : examine_exit(context_, server_, gate)) add(diagnoses_, std::move(one));
    add(diagnoses_, examine_service(server_, *gate.service));
    const Diagnoses its(diagnoses_.begin() + static_cast<std::ptrdiff_t>(before), diagnoses_.end());
    const bool is_tried = !context_.is_hermetic && !is_stopped_ && is_healthy(its);
    if (is_tried) add(diagnoses_, examine_answer(gate, deadline_));
    if (diagnoses_.size() > before && !is_healthy(diagnoses_)) return;
    add(diagnoses_, found("postfix.gate", name,
                          fmt::format("our milter, under the name {}", gate.daemon_name)));
  }

  void examine_name(const Listener& gate, const std::string& name) {
    const RolesConfig& roles = context_.config.roles;
    if (is_named(roles.gate, gate.daemon_name) || is_named(roles.direct, gate.daemon_name)) return;
    add(diagnoses_,
        found("postfix.gate-name", name,
              gate.daemon_name.empty()
                  ? std::string("milter_macro_daemon_name is not set")
                  : fmt::format("milter_macro_daemon_name is {}", gate.daemon_name),
              roles.gate.empty() ? std::string()
                                 : fmt::format("postconf -P '{}/milter_macro_daemon_name={}' && "
                                               "postfix reload",
                                               name, roles.gate.front())));
  }

  void examine_settings(const MilterEntry& entry, const Listener& gate, const std::string& name) {
    if (!has_word(server_.configuration().value_for(*gate.service, "receive_override_options"),
                  "no_address_mappings")) {
      add(diagnoses_, found("postfix.gate-rewrites", name,
                            "receive_override_options lacks no_address_mappings"));
    }
    const std::string_view action = setting(entry, gate, server_, "default_action");
    if (action != "tempfail") {
      add(diagnoses_, found("postfix.default-action", name,
                            fmt::format("milter_default_action is {}", action)));
    }
    examine_patience(entry, gate, name);
    if (&entry != &gate.milters.back()) {
      add(diagnoses_, found("postfix.milter-order", name,
                            fmt::format("{} comes after ours", gate.milters.back().endpoint)));
    }
  }

  // A recipient is judged at RCPT, a message at its end, either within the deadline.
  void examine_patience(const MilterEntry& entry, const Listener& gate, const std::string& name) {
    const auto needed = context_.config.limits.message_deadline;
    for (const std::string_view timeout : {"command_timeout", "content_timeout"}) {
      const auto patience = parse_postfix_time(setting(entry, gate, server_, timeout));
      if (!patience || *patience > needed) continue;
      add(diagnoses_, found("postfix.milter-timeout", name,
                            fmt::format("milter_{} is {}, limits.message_deadline is {}", timeout,
                                        to_span(*patience), to_span(needed)),
                            fmt::format("leave milter_{} at its default, or lower "
                                        "limits.message_deadline in milter.conf",
                                        timeout)));
    }
  }

  const Context& context_;
  const MailServer& server_;
  const Deadline deadline_;
  const std::vector<Listener> listeners_;
  std::vector<std::pair<std::string, std::string>> missing_;  // a domain, and why
  std::vector<std::string> routes_;                           // domains that go to a listener
  std::vector<const Listener*> reached_;                      // each once
  postfix::SingleRoutes people_;
  bool is_stopped_ = false;
  Diagnoses diagnoses_;
};

}  // namespace

GateFindings examine_gate(const Context& context, const MailServer& server, Deadline deadline) {
  GateExamination examination(context, server, deadline);
  Diagnoses diagnoses = examination.all();
  return {.diagnoses = std::move(diagnoses), .listeners = examination.reached()};
}

}  // namespace icm::ctl::doctor
