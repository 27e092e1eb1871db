// SPDX-License-Identifier: Apache-2.0
#include "test/support/scenario_world.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "policy/base/deadline.h"
#include "policy/base/mailbox.h"
#include "policy/store/entry_rows.h"
#include "policy/store/sqlite_ledger_book.h"
#include "policy/store/store.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

constexpr auto patience = std::chrono::seconds{5};

// A section of a YAML file, or an option when it has a value; in the order of first mention.
struct Node {
  std::string name;
  std::string value;
  std::vector<Node> children;

  Node& child(std::string_view wanted) {
    for (Node& node : children) {
      if (node.name == wanted) return node;
    }
    return children.emplace_back(Node{.name = std::string(wanted), .value = {}, .children = {}});
  }

  void set(const std::vector<std::string>& path, std::string_view text) {
    Node* node = this;
    for (const std::string& part : path) node = &node->child(part);
    node->value = text;
    node->children.clear();
  }

  void write(std::string& out, std::size_t depth) const {
    for (const Node& node : children) {
      out.append(2 * depth, ' ');
      out += fmt::format("{}:{}{}\n", node.name, node.value.empty() ? "" : " ", node.value);
      node.write(out, depth + 1);
    }
  }
};

Result<Suppression> entry_of(const ScenarioEntry& given, WallTime now) {
  ICM_TRY(const Mailbox mailbox, Mailbox::parse(given.address));
  const auto reason = suppression_reason(given.reason);
  if (!reason) return fail(Code::syntax, fmt::format("store: unknown reason \"{}\"", given.reason));
  Suppression entry{.address = mailbox.key(),
                    .scope = given.scope,
                    .reason = *reason,
                    .source = given.source,
                    .note = given.note,
                    .created = now - std::chrono::hours{24},
                    .expires = {}};
  if (!given.expires.empty()) {
    ICM_TRY(entry.expires, parse_time(given.expires));
  }
  return entry;
}

Result<Subscription> subscription_of(const ScenarioSubscription& given) {
  ICM_TRY(const Mailbox mailbox, Mailbox::parse(given.address));
  Subscription subscription{.address = mailbox.key(),
                            .scope = given.scope,
                            .consented = {},
                            .source = given.source,
                            .withdrawn = {},
                            .engaged = {}};
  if (!given.consented.empty()) {
    ICM_TRY(subscription.consented, parse_time(given.consented));
  }
  if (!given.withdrawn.empty()) {
    ICM_TRY(subscription.withdrawn, parse_time(given.withdrawn));
  }
  if (!given.engaged.empty()) {
    ICM_TRY(subscription.engaged, parse_time(given.engaged));
  }
  return subscription;
}

Status fill_ledger(const Scenario& scenario, const ScenarioFiles& files, WallTime now) {
  ICM_TRY(const auto book,
          SqliteLedgerBook::open(files.store, Missing::refuse, Deadline::in(patience)));
  for (const ScenarioSubscription& given : scenario.subscriptions) {
    const Result<Subscription> subscription = subscription_of(given);
    Status added = subscription ? check_subscription(*subscription, now)
                                : Status(tl::make_unexpected(subscription.error()));
    if (added) {
      ICM_CHECK(book->add(*subscription));
    } else {
      return fail_at(fmt::format("{}:{}", scenario.file, given.line), added.error());
    }
  }
  return {};
}

// "10 mx.shop.example" → 10 and the name.
std::pair<int, std::string> exchange_of(const std::string& value) {
  const auto blank = value.find(' ');
  return {std::stoi(value.substr(0, blank)), value.substr(blank + 1)};
}

// RFC 1035 §5.1: in quotes, 255 octets a string (§3.3).
std::string text_strings(std::string_view text) {
  constexpr std::size_t longest = 255;
  std::string strings;
  do {
    strings += strings.empty() ? "\"" : " \"";
    for (const char c : text.substr(0, longest)) {
      if (c == '"' || c == '\\') strings += '\\';
      strings += c;
    }
    strings += '"';
    text.remove_prefix(std::min(text.size(), longest));
  } while (!text.empty());
  return strings;
}

std::string zone_line(const ScenarioRecord& record) {
  const bool is_name = record.type == "MX" || record.type == "PTR" || record.type == "CNAME";
  return fmt::format("{}. {} {}{}\n", record.name, record.type,
                     record.type == "TXT" ? text_strings(record.value) : record.value,
                     is_name && !record.value.ends_with('.') ? "." : "");
}

}  // namespace

ScenarioFiles::ScenarioFiles(const std::filesystem::path& directory)
    : config((directory / "milter.conf").string()),
      store((directory / "store.db").string()),
      decisions((directory / "decisions.jsonl").string()) {}

std::string config_of(const Scenario& scenario, const ScenarioFiles& files,
                      const std::string& socket_address) {
  Node root;
  root.set({"socket", "address"}, socket_address);
  root.set({"socket", "group"}, "\"\"");
  root.set({"arrival", "authserv_id"}, "mx.shop.example");
  root.set({"arrival", "authenticate"}, "no");  // there is no name server
  root.set({"log", "destination"}, "stderr");
  root.set({"log", "decisions"}, files.decisions);
  root.set({"store", "path"}, files.store);
  root.set({"store", "while_away"}, "on_error");
  root.set({"control", "socket"}, "\"\"");
  for (const ScenarioSetting& setting : scenario.settings) root.set(setting.path, setting.value);
  std::string yaml;
  root.write(yaml, 0);
  return yaml;
}

std::string zone_json(const Scenario& scenario) {
  auto zone = nlohmann::json::object();
  for (const ScenarioRecord& record : scenario.records) {
    auto& list = zone[record.name][record.type];
    if (record.type == "MX") {
      const auto [preference, host] = exchange_of(record.value);
      list.push_back({preference, host});
    } else {
      list.push_back(record.value);
    }
  }
  return zone.dump();
}

Zones zones_of(const Scenario& scenario) {
  Zones zones{{"example", {}}, {"com", {}}, {"arpa", {}}};
  for (const ScenarioRecord& record : scenario.records) {
    zones[record.name.substr(record.name.rfind('.') + 1)] += zone_line(record);
  }
  return zones;
}

Status fill_store(const Scenario& scenario, const ScenarioFiles& files, WallTime now) {
  ICM_TRY(Database store,
          open_store(files.store, Database::Access::write, Missing::make, Deadline::in(patience)));
  ICM_CHECK(store.execute(
      "INSERT INTO deed (id, at, who, what, why) VALUES (1, 0, 'scenario', 'add', 'scenario')"));
  ICM_TRY(Statement insert, store.prepare("INSERT INTO suppression (" ICM_ENTRY_COLUMNS
                                          ", added_by) VALUES (" ICM_ENTRY_PARAMETERS ", 1)"));
  for (const ScenarioEntry& given : scenario.entries) {
    const Result<Suppression> entry = entry_of(given, now);
    if (!entry) return fail_at(fmt::format("{}:{}", scenario.file, given.line), entry.error());
    Query query = insert.query();
    bind_entry(query, *entry);
    ICM_CHECK(query.run());
  }
  return fill_ledger(scenario, files, now);
}

Status break_store(const ScenarioFiles& files) {
  ICM_TRY(Database store, open_store(files.store, Database::Access::write, Missing::refuse,
                                     Deadline::in(patience)));
  return store.execute(
      "ALTER TABLE suppression RENAME TO damaged;"
      "ALTER TABLE subscription RENAME TO damaged_subscription");
}

}  // namespace icm
