// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/wiring_plan.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milter/ctl/postfix/arrival_plan.h"
#include "milter/ctl/postfix/block_edits.h"
#include "milter/ctl/postfix/config_text.h"
#include "milter/ctl/postfix/gate_files.h"
#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

// Where mail that is not for Apple goes: a relay host, or nothing, which is the domain's own MX.
std::string next_hop(const Site& site) {
  std::string hop(site.postfix.value("relayhost"));
  if (hop.empty()) {
    const std::string_view transport = site.postfix.value("default_transport");
    const auto colon = transport.find(':');
    if (colon != std::string_view::npos) hop = transport.substr(colon + 1);
  }
  // A list of hosts stands in a word of master.cf.
  std::string word;
  for (const std::string_view one : split_list(hop)) {
    word += word.empty() ? "" : ",";
    word += one;
  }
  return word;
}

class Planner {
 public:
  Planner(const Site& site, const WiringOptions& options) : site_(site), options_(options) {}

  Plan plan() {
    if (lacks(site_, options_).empty()) return {};
    look_for_conflicts();
    plan_services();
    plan_transport();
    plan_limits();
    if (options_.has_arrival && !site_name_missing_) plan_arrival(site_, plan_, main_block_);
    add_block(File::main_cf, site_.main_cf, main_block_);
    add_block(File::master_cf, site_.master_cf, master_block_);
    note_what_else();
    return std::move(plan_);
  }

 private:
  template <class... Parts>
  void conflict(fmt::format_string<Parts...> words, Parts&&... parts) {
    plan_.conflicts.push_back(fmt::format(words, std::forward<Parts>(parts)...));
  }
  template <class... Parts>
  void note(fmt::format_string<Parts...> words, Parts&&... parts) {
    plan_.notes.push_back(fmt::format(words, std::forward<Parts>(parts)...));
  }

  std::uint16_t port() const {
    return port_of_gate(site_, options_.gate_port).value_or(options_.gate_port);
  }

  // A line of our files, as this site needs it.
  std::string for_site(std::string text) const {
    replace_all(text, socket_in_files, milter_place(site_));
    replace_all(text, gate_port_in_files, fmt::format("{}", port()));
    replace_all(text, daemon_name_in_files, site_.roles.gate.front());
    if (const std::string hop = next_hop(site_); !hop.empty()) {
      replace_all(text, next_hop_in_files, std::string(next_hop_in_files) + hop);
      // The last remark above that line is done then.
      replace_all(text, " With a relayhost: icloud-out:[relay.example]:587",
                  " Here: your relay host.");
    }
    return text;
  }

  void look_for_conflicts() {
    if (site_.roles.gate.empty()) {
      conflict("milter.conf: roles.gate is empty, so that no listener can be the gate; name one");
      site_name_missing_ = true;
      return;
    }
    const std::string place = milter_place(site_);
    if (place.find_first_of(" \t,{}$\"'") != std::string::npos) {
      conflict(
          "milter.conf: socket.address: {} cannot be written into main.cf; use a path without "
          "blanks, commas, braces and $",
          place);
    }
    if (site_.postfix.value("inet_protocols") == "ipv6") {
      conflict("main.cf: inet_protocols = ipv6: the gate listens on 127.0.0.1 and needs ipv4, too");
    }
    if (!port_of_gate(site_, options_.gate_port) && !missing_tables().empty()) {
      conflict(
          "master.cf: {} is the gate, and no port of 127.0.0.1 leads there: let it listen on one, "
          "or name it in transport_maps yourself",
          gate_of(site_)->key());
    }
    const Service* const gate_there = gate_of(site_);
    const std::string way_out =
        gate_there == nullptr ? "icloud-out:" + next_hop(site_)
                              : std::string(site_.postfix.value_for(*gate_there, "content_filter"));
    if (const auto hop = diversion_of(site_.postfix, way_out); !hop.empty()) {
      conflict(
          "main.cf: default_filter_nexthop = {}: all mail that has passed the gate would go there "
          "instead of to Apple; name it where a content_filter or FILTER means it, and clear it",
          hop);
    }
    if (transport_maps_of(site_.postfix) != site_.postfix.value("transport_maps")) {
      conflict(
          "master.cf: rewrite/unix has a transport_maps of its own, so that the one of main.cf "
          "does "
          "not count; take it out there: postconf -PX rewrite/unix/transport_maps");
    }
    for (const std::string& one : ways_round(site_)) conflict("{}", one);
    const std::string gate = fmt::format("icloud-gate:[127.0.0.1]:{}", port());
    if (!site_.asked_routes.empty() && site_.routes_transport != gate) {
      conflict(
          "milter.conf: routing.socketmap.transport is {}, and the gate will be {}: set it so, "
          "restart the daemon",
          site_.routes_transport, gate);
    }
    for (const std::string& domain : domains_of(site_)) {
      const Route* route = route_of(site_.routes, domain);
      if (route == nullptr || is_wider_than(*route, domain)) continue;  // ours comes before it
      if (leads_to_gate(site_, *route)) continue;
      conflict(
          "transport_maps: {} answers \"{}\" for {}: mail for Apple has a way of its own "
          "there, which is for you to take out, or to keep and stay without the gate",
          route->table, route->answer, route->key);
    }
  }

  // -- master.cf ------------------------------------------------------------------------------

  void plan_services() {
    if (site_name_missing_) return;
    for (const GateEntry& entry : services_of(master_cf_gate)) {
      const bool is_gate = entry.name.ends_with("/inet");
      if (is_gate && gate_of(site_) != nullptr) continue;
      const std::string name = for_site(entry.name);
      const auto slash = name.rfind('/');
      const Service* there = site_.postfix.service(name.substr(0, slash), name.substr(slash + 1));
      if (there == nullptr) {
        if (is_gate && !site_.is_port_free) {
          conflict("another program listens on 127.0.0.1:{}; choose another port with --gate-port",
                   options_.gate_port);
        }
        master_block_.push_back(for_site(entry.text) +
                                (name == "icloud-out/unix" ? as_smtp() : ""));
      } else if (is_gate) {
        conflict(
            "master.cf: {} is there already and is not the gate; choose another port with "
            "--gate-port",
            name);
      } else if (there->command != "smtp") {
        conflict("master.cf: {} is there already and runs {} instead of smtp; rename it", name,
                 there->command);
      }
    }
  }

  // Mail leaves with what smtp has in master.cf, such as the address it comes from.
  std::string as_smtp() {
    const std::string_view transport = site_.postfix.value("default_transport");
    const std::string name(transport.substr(0, transport.find(':')));
    const auto line = find_service(site_.master_cf, name, "unix");
    const Service* service = site_.postfix.service(name, "unix");
    if (!line || service == nullptr || service->command != "smtp") {
      note(
          "mail for others leaves by the transport {}; icloud-out is a plain smtp: give it in "
          "master.cf what that one does for its way out",
          name);
      return "";
    }
    std::string text;
    for (const Override& one : overrides_in(site_.master_cf, *line)) {
      if (one.name == "syslog_name" || one.name == "smtp_fallback_relay") continue;
      if (text.empty()) text = fmt::format("# As {} has it, by which other mail leaves.\n", name);
      const std::string_view value = one.value.of(site_.master_cf);
      text += one.is_braced ? fmt::format("    -o {{ {} = {} }}\n", one.name, value)
                            : fmt::format("    -o {}={}\n", one.name, value);
    }
    return text;
  }

  // -- main.cf --------------------------------------------------------------------------------

  // The tables that transport_maps lacks, in front of those that it has.
  std::string missing_tables() const {
    std::string tables;
    for (const std::string& domain : domains_of(site_)) {
      const Route* route = route_of(site_.routes, domain);
      const bool is_lacking = route == nullptr || is_wider_than(*route, domain);
      if (is_lacking && !(route != nullptr && leads_to_gate(site_, *route))) {
        tables += fmt::format("\n    {{{}=icloud-gate:[127.0.0.1]:{}}}", domain, port());
      }
    }
    if (!tables.empty()) tables = "inline:{" + tables + "}";
    if (!site_.asked_routes.empty() && !asks_routes(site_)) {
      if (!tables.empty()) tables += ",\n    ";
      tables += site_.asked_routes;
    }
    return tables;
  }

  void plan_transport() {
    const std::string tables = missing_tables();
    if (tables.empty()) return;
    const auto value = find_value(site_.main_cf, "transport_maps");
    if (!value) {
      // Its words are the file's, its tables this site's.
      std::string text(gate_parameter("transport_maps"));
      text.replace(text.find("inline:{"), std::string::npos, tables + "\n");
      main_block_.push_back(std::move(text));
      return;
    }
    const bool is_alone = trim(value->of(site_.main_cf)).empty();
    plan_.insertions.push_back(into_main_value(
        "transport_maps", value->begin, fmt::format(" {}{}", tables, is_alone ? "" : ","),
        "Mail for Apple goes to the gate, before any other table is asked for its "
        "domains."));
  }

  void plan_limits() {
    for (const GateEntry& entry : parameters_of(main_cf_gate)) {
      if (!entry.name.starts_with("icloud-out_")) continue;
      if (find_value(site_.main_cf, entry.name)) continue;  // is the administrator's
      main_block_.push_back(entry.text);
    }
  }

  // -- the rest -------------------------------------------------------------------------------

  void add_block(File file, const std::string& text, const std::vector<std::string>& entries) {
    if (entries.empty()) return;
    std::string block;
    const bool ends_a_line =
        text.empty() || text.ends_with('\n') ||
        std::ranges::any_of(plan_.insertions, [&](const Insertion& one) {
          return one.file == file && one.at == text.size() && one.text.ends_with('\n');
        });
    if (!ends_a_line) block += "\n";
    block += "\n";
    block += block_begin;
    block += tuning_hint(file);
    for (const std::string& entry : entries) {
      // Entries that begin with reasons of their own stand by themselves.
      if (entry.starts_with('#')) block += "\n";
      block += entry;
    }
    block += block_end;
    plan_.insertions.push_back({.file = file,
                                .at = text.size(),
                                .text = std::move(block),
                                .reason = {},
                                .parameter = {},
                                .service = {}});
  }

  void note_what_else() {
    for (const std::string& one : ways_of_people(site_)) note("transport_maps: {}", one);
    for (const std::string& one : ways_elsewhere(site_)) note("{}", one);
    if (options_.has_arrival && !site_.is_arrival_covered) {
      note("milter.conf: set arrival.covered: yes, and reload the daemon, once this is in place");
    }
    if (options_.has_arrival && site_.adds_fields &&
        !site_.postfix.value("smtpd_milters").empty()) {
      note(
          "milter.conf has streams with unsubscribe: add, and what is added has to be signed: if "
          "one "
          "of your milters signs, put it behind this one in smtpd_milters and non_smtpd_milters");
    }
    if (!options_.has_arrival && site_.is_arrival_covered) {
      note(
          "milter.conf: set arrival.covered: no: without the arrival anybody may bring an "
          "Authentication-Results field under your name");
    }
    for (const std::string_view name :
         {"sender_dependent_relayhost_maps", "sender_dependent_default_transport_maps"}) {
      if (site_.postfix.value(name).empty()) continue;
      note(
          "{} does not hold behind the gate: mail for Apple leaves by icloud-out for all senders "
          "(FILTER lines at the gate, as master.cf says, choose by sender)",
          name);
    }
    if (options_.has_arrival && !site_.postfix.value("smtpd_milter_maps").empty()) {
      note(
          "smtpd_milter_maps chooses milters by client, and who need not pass the arrival can "
          "bring "
          "an Authentication-Results field under your name: clear it, or set arrival.covered: no");
    }
  }

  const Site& site_;
  const WiringOptions& options_;
  Plan plan_;
  std::vector<std::string> main_block_;
  std::vector<std::string> master_block_;
  bool site_name_missing_ = false;
};

}  // namespace

Plan make_plan(const Site& site, const WiringOptions& options) {
  return Planner(site, options).plan();
}

}  // namespace icm::ctl::postfix
