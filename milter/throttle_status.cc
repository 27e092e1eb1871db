// SPDX-License-Identifier: Apache-2.0
#include "milter/throttle_status.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "policy/config/config.h"
#include "policy/store/rate_counter.h"
#include "policy/throttle_plan.h"

namespace icm {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds patience{500};

template <class Enum>
std::string_view word_of(Enum value) {
  for (const EnumName<Enum>& name : enum_names<Enum>()) {
    if (name.value == value) return name.name;
  }
  return "invalid";
}

Json time_or_null(const std::optional<WallTime>& time) {
  return time ? Json(to_rfc3339(*time)) : Json(nullptr);
}

Json limit_json(const ThrottlePlan& plan, const PlannedCharge& planned, const RateUse* use,
                WallTime now) {
  const RateLimit& limit = planned.charge.limit;
  Json json = {
      {"name", planned.name},
      {"subject", planned.subject},
      {"rule", planned.rule},
      {"mode", to_string(plan.mode_of(planned.rule))},
      {"count", word_of(planned.count)},
      {"amount", limit.amount},
      {"usable", share_of(limit.amount, planned.charge.share)},
      {"within_seconds", std::chrono::duration_cast<std::chrono::seconds>(limit.window).count()},
      {"window", limit.reckoning == Reckoning::calendar ? "utc-day" : "sliding"},
      {"burst", limit.burst},
      {"used", nullptr},
      {"free_at", nullptr},
      {"warm_up", nullptr},
      {"slowed", nullptr}};
  if (use != nullptr) {
    json["used"] = use->used;
    if (use->free_at > now) json["free_at"] = to_rfc3339(use->free_at);
  }
  if (planned.day) {
    json["warm_up"] = {
        {"day", planned.day->day}, {"cap", planned.day->cap}, {"grown", planned.day->is_grown}};
  }
  if (planned.slowed) {
    json["slowed"] = {{"percent", planned.slowed->percent},
                      {"until", time_or_null(planned.slowed->until)},
                      {"by", planned.slowed->by},
                      {"why", planned.slowed->why}};
  }
  return json;
}

Json each_json(const ThrottleConfig& config) {
  Json each = Json::array();
  for (const ThrottleLimitConfig& limit : config.limits) {
    const bool is_counted_together = limit.per == ThrottlePer::all ||
                                     limit.per == ThrottlePer::stream ||
                                     limit.per == ThrottlePer::egress;
    if (is_counted_together) continue;
    each.push_back({{"name", limit.name},
                    {"per", word_of(limit.per)},
                    {"count", word_of(limit.count)},
                    {"amount", limit.at_most},
                    {"within_seconds", limit.within.count()}});
  }
  return each;
}

Json backoff_json(const Backoff& one) {
  return {{"kind", to_string(one.kind)},
          {"subject", one.subject},
          {"percent", one.percent},
          {"every_seconds", one.every.count()},
          {"since", to_rfc3339(one.since)},
          {"until", time_or_null(one.until)},
          {"by", one.by},
          {"why", one.why}};
}

// Those in force.
std::vector<Backoff> backoffs_of(const World& world, WallTime now) {
  const auto& means = world.throttle();
  if (means == nullptr || means->backoffs() == nullptr) return {};
  const auto known = means->backoffs()->now();
  std::vector<Backoff> all = known == nullptr ? std::vector<Backoff>() : known->all();
  std::erase_if(all, [&](const Backoff& one) { return one.until && *one.until <= now; });
  return all;
}

}  // namespace

std::string throttle_json(const World& world, WallTime now) {
  const ThrottlePlan plan(world.config());
  const auto& means = world.throttle();
  const std::vector<Backoff> in_force = backoffs_of(world, now);
  const std::vector<PlannedCharge> planned = plan.overview(Backoffs(in_force), now);
  std::vector<RateCharge> charges;
  for (const PlannedCharge& one : planned) charges.push_back(one.charge);
  Result<std::vector<RateUse>> uses = fail(Code::temporary, "nothing is counted here");
  if (means != nullptr) uses = means->limiter()->look(charges, now, Deadline::in(patience));
  Json limits = Json::array();
  for (std::size_t i = 0; i < planned.size(); ++i) {
    limits.push_back(limit_json(plan, planned[i], uses ? &(*uses)[i] : nullptr, now));
  }
  Json backoffs = Json::array();
  for (const Backoff& one : in_force) backoffs.push_back(backoff_json(one));
  const Json json = {{"protocol", 1},
                     {"now", to_rfc3339(now)},
                     {"mode", to_string(world.config().throttle.mode)},
                     {"counted_for", means == nullptr ? "nobody" : means->counted_for()},
                     {"problem", uses ? std::string() : uses.error().text},
                     {"limits", limits},
                     {"each", each_json(world.config().throttle)},
                     {"backoffs", backoffs}};
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Json throttle_summary(const World& world, WallTime now) {
  Json json = {{"mode", to_string(world.config().throttle.mode)},
               {"problem", ""},
               {"backoffs", Json::array()},
               {"others", {{"recipient", 0}, {"domain", 0}, {"template", 0}}}};
  for (const Backoff& one : backoffs_of(world, now)) {
    if (one.kind == BackoffKind::pause || one.kind == BackoffKind::slow) {
      json["backoffs"].push_back(backoff_json(one));
      continue;
    }
    Json& count = json["others"][std::string(to_string(one.kind))];
    count = count.get<int>() + 1;
  }
  const auto& means = world.throttle();
  const bool is_unknown =
      means != nullptr && means->backoffs() != nullptr && means->backoffs()->known() == nullptr;
  if (is_unknown) {
    json["problem"] = fmt::format(
        "what is paused is not known, since the store has not answered yet; meanwhile {}",
        world.config().throttle.on_error == OnError::defer
            ? "mail waits (throttle.on_error: defer)"
            : "mail goes as if nothing were paused (throttle.on_error: accept)");
  }
  return json;
}

}  // namespace icm
