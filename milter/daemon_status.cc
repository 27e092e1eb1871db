// SPDX-License-Identifier: Apache-2.0
#include "milter/daemon_status.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "milter/throttle_status.h"
#include "policy/auth/key_publication.h"
#include "policy/auth/key_record.h"
#include "policy/policy_set.h"
#include "policy/store/snapshot_list.h"
#include "policy/store/stores.h"

namespace icm {
namespace {

using Json = nlohmann::ordered_json;
using State = KeyPublication::State;

// JsonLine cuts values short, for the decision log; here a record must be whole to be published.
std::string line_of(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Json time_or_null(const std::optional<WallTime>& time) {
  return time ? Json(to_rfc3339(*time)) : Json(nullptr);
}

std::int64_t seconds_between(WallTime begin, WallTime end) {
  return std::max<std::int64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(end - begin).count(), 0);
}

Json messages_json(const TallyFigures& figures) {
  return {{"judged", figures.judged()},
          {"accepted", figures.of(Disposition::accept)},
          {"tagged", figures.of(Disposition::tag)},
          {"quarantined", figures.of(Disposition::quarantine)},
          {"deferred", figures.of(Disposition::defer)},
          {"refused", figures.of(Disposition::reject)}};
}

Json recipients_json(const TallyFigures& figures) {
  return {{"refused", figures.refused_recipients},
          {"deferred", figures.deferred_recipients},
          {"removed", figures.removed_recipients}};
}

Json configuration_json(const ConfigurationInUse& configuration) {
  Json json = {{"file", configuration.file}, {"loaded", to_rfc3339(configuration.loaded)}};
  json["failed_reload"] = nullptr;
  if (const auto& failed = configuration.failed) {
    json["failed_reload"] = {
        {"time", to_rfc3339(failed->time)}, {"by", failed->by}, {"problems", failed->problems}};
  }
  return json;
}

Json policy_json(std::string_view name, const DaemonStatus& status) {
  const PolicyConfig& settings = *settings_of(status.world->config(), name);
  const PolicyConfig& configured = *settings_of(*status.configuration.configured, name);
  Json rules = Json::object();
  for (const auto& [rule, mode] : settings.rules) rules[rule] = to_string(mode);
  Json json = {{"name", name},
               {"mode", to_string(settings.mode)},
               {"configured", to_string(configured.mode)},
               {"percent", settings.percent},
               {"until", time_or_null(settings.until)},
               {"ended", settings.until && *settings.until <= status.now},
               {"rules", rules},
               {"change", nullptr}};
  const auto change = status.configuration.changes.find(std::string(name));
  if (change != status.configuration.changes.end()) {
    json["change"] = {{"until", time_or_null(change->second.until)},
                      {"by", change->second.by},
                      {"since", to_rfc3339(change->second.since)}};
  }
  return json;
}

Json key_json(const SealingKey& key, const std::vector<WatchedKey>& known) {
  const std::string name = key_name(key.domain, key.selector);
  const auto found = std::ranges::find_if(known, [&](const WatchedKey& one) {
    return one.publication.name == name && one.file == key.file;
  });
  Json json = {
      {"name", name}, {"domain", key.domain}, {"selector", key.selector}, {"file", key.file}};
  const bool is_compared = found != known.end();
  json["state"] =
      is_compared ? to_string(found->publication.state) : std::string_view("not-compared");
  json["problem"] = is_compared ? found->publication.problem : "";
  json["published"] = is_compared ? found->publication.key_size : "";
  json["checked"] = is_compared ? Json(to_rfc3339(found->checked)) : Json(nullptr);
  json["record"] = zone_line(name, key_record(key.key));
  return json;
}

Json store_json(const DaemonStatus& status) {
  const StoreConfig& config = status.world->config().store;
  Json json = {{"kind", config.kind == StoreKind::redis ? "redis" : "sqlite"},
               {"path", store_place(config)},
               {"problem", status.store.problem},
               {"risks", status.store.risks},
               {"snapshot", nullptr}};
  if (const auto& snapshot = status.world->snapshot()) {
    const SnapshotState state = snapshot->state();
    json["snapshot"] = {{"ready", state.is_ready}, {"entries", state.entries},
                        {"recent", state.recent},  {"memory", state.memory},
                        {"file", state.file},      {"problem", state.file_problem}};
  }
  return json;
}

// What is wrong with the key of this JSON, and how to mend it; empty when nothing is.
std::string key_attention(const Json& key) {
  const auto text = [&](const char* member) { return key[member].get<std::string>(); };
  const std::string state = text("state");
  if (state == "not-compared" || state == to_string(State::match)) return {};
  if (state == to_string(State::unknown)) {
    return fmt::format("key {}: not compared with {}: {}; asked again later", text("name"),
                       text("file"), text("problem"));
  }
  return fmt::format(
      "key {}: {}; receivers cannot rely on seals made with {}. Publish this "
      "alone: {}",
      text("name"), text("problem"), text("file"), text("record"));
}

Json attention_json(const DaemonStatus& status, const Json& keys, const Json& throttle) {
  Json attention = Json::array();
  const ConfigurationInUse& configuration = status.configuration;
  if (configuration.failed) {
    attention.push_back(
        fmt::format("the reload of {} failed; in use is {} as it was loaded {}. Mend the file "
                    "(icloud-milterctl config check) and reload again",
                    to_rfc3339(configuration.failed->time), configuration.file,
                    to_rfc3339(configuration.loaded)));
  }
  if (!status.gate_warning.empty()) attention.push_back(status.gate_warning);
  for (const DoorState& door : status.doors) {
    if (!door.problem.empty()) attention.push_back(door.problem);
  }
  if (!status.store.problem.empty()) {
    attention.push_back(fmt::format("store: {}", status.store.problem));
  }
  for (const std::string& risk : status.store.risks) {
    attention.push_back(fmt::format("store: {}", risk));
  }
  if (const auto& snapshot = status.world->snapshot()) {
    const std::string problem = snapshot->state().file_problem;
    if (!problem.empty()) attention.push_back(fmt::format("snapshot: {}", problem));
  }
  if (const auto problem = throttle["problem"].get<std::string>(); !problem.empty()) {
    attention.push_back(fmt::format("throttle: {}", problem));
  }
  for (const Json& key : keys) {
    const std::string problem = key_attention(key);
    if (!problem.empty()) attention.push_back(problem);
  }
  return attention;
}

Json keys_json(const DaemonStatus& status) {
  Json keys = Json::array();
  for (const SealingKey& key : status.world->sealing_keys().all()) {
    Json json = key_json(key, status.keys);
    // A key may stand in the configuration more than once, for different mail.
    if (std::ranges::find(keys, json) == keys.end()) keys.push_back(std::move(json));
  }
  return keys;
}

}  // namespace

std::size_t attentions(const DaemonStatus& status) {
  return attention_json(status, keys_json(status), throttle_summary(*status.world, status.now))
      .size();
}

std::string status_json(const DaemonStatus& status) {
  const Config& config = status.world->config();
  Json policies = Json::array();
  for (const std::string_view name : policy_names()) policies.push_back(policy_json(name, status));
  Json keys = keys_json(status);
  Json json = {{"protocol", 1},
               {"version", ICM_VERSION},
               {"pid", status.process},
               {"started", to_rfc3339(status.started)},
               {"uptime_seconds", seconds_between(status.started, status.now)}};
  Json throttle = throttle_summary(*status.world, status.now);
  json["attention"] = attention_json(status, keys, throttle);
  json["configuration"] = configuration_json(status.configuration);
  json["listening"] = {{"address", status.address},
                       {"gate", config.roles.gate},
                       {"direct", config.roles.direct},
                       {"arrival", config.roles.arrival}};
  json["connections"] = status.connections;
  json["messages_under_way"] = status.messages_under_way;
  json["messages"] = messages_json(status.figures);
  json["recipients"] = recipients_json(status.figures);
  json["store"] = store_json(status);
  json["throttle"] = std::move(throttle);
  json["policies"] = std::move(policies);
  json["keys"] = std::move(keys);
  return line_of(json);
}

std::string stats_json(const TallyFigures& figures, WallTime started, WallTime now) {
  Json rules = Json::array();
  for (const auto& [name, rule] : figures.rules) {
    rules.push_back({{"rule", name}, {"found", rule.found}, {"acted", rule.acted}});
  }
  const auto milliseconds = [](std::chrono::microseconds span) {
    return static_cast<double>(span.count()) / 1000.0;
  };
  const double judged = static_cast<double>(std::max<std::uint64_t>(figures.judged(), 1));
  Json json = {{"protocol", 1},
               {"since", to_rfc3339(started)},
               {"uptime_seconds", seconds_between(started, now)},
               {"messages", messages_json(figures)},
               {"recipients", recipients_json(figures)},
               {"mean_ms", milliseconds(figures.took) / judged},
               {"longest_ms", milliseconds(figures.longest)}};
  json["rules"] = std::move(rules);
  return line_of(json);
}

}  // namespace icm
