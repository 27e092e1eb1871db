// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_backoff.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "policy/base/text.h"

namespace icm {
namespace {

using Json = nlohmann::ordered_json;

// KEYS: the book. ARGV: field, value, the end before which what has ended is forgotten.
const RedisScript put_script(
    "local all = redis.call('HGETALL', KEYS[1])\n"
    "for i = 1, #all, 2 do\n"
    "  local is_json, one = pcall(cjson.decode, all[i + 1])\n"
    "  local ends = is_json and type(one) == 'table' and tonumber(one['until'])\n"
    "  if ends and ends < tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], all[i]) end\n"
    "end\n"
    "return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n");

std::int64_t number_of(WallTime time) { return time.time_since_epoch().count(); }
WallTime time_of(std::int64_t number) { return WallTime(std::chrono::milliseconds(number)); }

std::string field_of(BackoffKind kind, std::string_view subject) {
  return fmt::format("{} {}", to_string(kind), subject);
}

std::string value_of(const Backoff& backoff) {
  const Json json = {{"percent", backoff.percent},
                     {"every", backoff.every.count()},
                     {"since", number_of(backoff.since)},
                     {"until", backoff.until ? Json(number_of(*backoff.until)) : Json(false)},
                     {"by", backoff.by},
                     {"why", backoff.why}};
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

// Of what cannot be read, its kind and whom it is for are known: it holds until it is replaced or
// removed, says why, and hides no other.
Backoff unreadable(BackoffKind kind, std::string_view subject, std::string_view value) {
  return {.kind = kind,
          .subject = std::string(subject),
          .percent = 50,
          .every = std::chrono::hours(1),
          .since = {},
          .until = {},
          .by = "unknown",
          .why = fmt::format("what Redis holds of it cannot be read: \"{}\"", for_log(value, 80))};
}

Backoff backoff_of(BackoffKind kind, std::string_view subject, std::string_view value) {
  const Json json = Json::parse(value, nullptr, false);
  const auto number = [&](const char* name) -> std::optional<std::int64_t> {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
  };
  const auto text = [&](const char* name) {
    const auto found = json.find(name);
    return found == json.end() || !found->is_string() ? std::string() : found->get<std::string>();
  };
  if (!json.is_object()) return unreadable(kind, subject, value);
  const auto percent = number("percent");
  const auto every = number("every");
  const auto since = number("since");
  const bool is_whole = percent && *percent >= 1 && *percent <= 100 && every && *every >= 0 &&
                        *every <= std::int64_t{366} * 86400 && since;
  if (!is_whole) return unreadable(kind, subject, value);
  Backoff one{.kind = kind,
              .subject = std::string(subject),
              .percent = static_cast<int>(*percent),
              .every = std::chrono::seconds(*every),
              .since = time_of(*since),
              .until = {},
              .by = text("by"),
              .why = text("why")};
  if (const auto until = number("until")) one.until = time_of(*until);
  return one;
}

}  // namespace

RedisBackoffBook::RedisBackoffBook(std::shared_ptr<RedisClient> client, const std::string& prefix)
    : client_(std::move(client)), key_(fmt::format("{{{}:throttle}}:backoff", prefix)) {}

Status RedisBackoffBook::put(const Backoff& backoff, Deadline deadline) {
  const std::int64_t forgotten = number_of(backoff.since - backoff_kept_after_end);
  const RedisCall call{.keys = {key_},
                       .arguments = {field_of(backoff.kind, backoff.subject), value_of(backoff),
                                     fmt::format("{}", forgotten)}};
  ICM_CHECK(client_->run_each(put_script, {call}, deadline, Durability::replicated));
  return {};
}

Result<bool> RedisBackoffBook::remove(BackoffKind kind, const std::string& subject,
                                      Deadline deadline) {
  ICM_TRY(const RedisReply reply,
          client_->change(key_, {"HDEL", key_, field_of(kind, subject)}, deadline));
  return reply.number > 0;
}

Result<std::vector<Backoff>> RedisBackoffBook::all(Deadline deadline) {
  ICM_TRY(const RedisReply reply, client_->ask(key_, {"HGETALL", key_}, deadline));
  std::vector<Backoff> all;
  for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2) {
    const std::string_view field = reply.items[i].text;
    const auto kind = backoff_kind(field.substr(0, field.find(' ')));
    if (!kind) continue;  // of a newer release
    all.push_back(backoff_of(*kind, field.substr(field.find(' ') + 1), reply.items[i + 1].text));
  }
  std::ranges::sort(all, {}, [](const Backoff& one) {
    return std::pair(to_string(one.kind), std::string_view(one.subject));
  });
  return all;
}

}  // namespace icm
