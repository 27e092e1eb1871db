// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_entries.h"

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/store/redis_member.h"

namespace icm {
namespace {

using namespace redis_member;

tl::unexpected<Error> damaged(std::string_view member) {
  return fail(
      Code::permanent,
      fmt::format("expected an entry of the suppression list, found \"{}\"", for_log(member, 120)));
}

void write_rest(Json& json, const RedisEntry& entry) {
  json["by"] = entry.added_by;
  json["source"] = entry.entry.source;
  if (!entry.entry.note.empty()) json["note"] = entry.entry.note;
  json["created"] = number_of(entry.entry.created);
  if (entry.entry.expires) json["expires"] = number_of(*entry.entry.expires);
  if (entry.ended_by != 0) json["ended"] = entry.ended_by;
  for (const Confirmation& one : entry.confirmations) {
    json["again"].push_back({one.deed, number_of(one.at)});
  }
  if (!entry.entry.evidence) return;
  const Evidence& evidence = *entry.entry.evidence;
  json["evidence"] = {
      {"pattern", evidence.pattern},           {"reply", evidence.reply},
      {"queue_id", evidence.queue_id},         {"first", number_of(evidence.first_seen)},
      {"last", number_of(evidence.last_seen)}, {"count", evidence.count}};
}

std::optional<Evidence> evidence_in(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  auto pattern = text_in(json, "pattern");
  auto reply = text_in(json, "reply");
  auto queue_id = text_in(json, "queue_id");
  const auto first = number_in(json, "first");
  const auto last = number_in(json, "last");
  const auto count = number_in(json, "count");
  if (!pattern || !reply || !queue_id || !first || !last || !count) return std::nullopt;
  return Evidence{.pattern = *std::move(pattern),
                  .reply = *std::move(reply),
                  .queue_id = *std::move(queue_id),
                  .first_seen = time_of(*first),
                  .last_seen = time_of(*last),
                  .count = *count};
}

bool read_confirmations(const Json& json, RedisEntry& entry) {
  if (!json.is_array()) return false;
  for (const Json& one : json) {
    if (!one.is_array() || one.size() != 2 || !one[0].is_number_integer() ||
        !one[1].is_number_integer()) {
      return false;
    }
    entry.confirmations.push_back(
        {one[0].get<std::int64_t>(), time_of(one[1].get<std::int64_t>())});
  }
  let_confirmed_follow(entry);
  return true;
}

bool read_rest(const Json& json, RedisEntry& entry) {
  if (!json.is_object() || !json.contains("created")) return false;
  const auto by = number_in(json, "by");
  const auto ended = number_in(json, "ended");
  const auto created = number_in(json, "created");
  const auto expires = number_in(json, "expires");
  auto source = text_in(json, "source");
  auto note = text_in(json, "note");
  if (!by || !ended || !created || !expires || !source || !note) return false;
  entry.added_by = *by;
  entry.ended_by = *ended;
  entry.entry.created = time_of(*created);
  if (json.contains("expires")) entry.entry.expires = time_of(*expires);
  entry.entry.source = *std::move(source);
  entry.entry.note = *std::move(note);
  if (json.contains("again") && !read_confirmations(json["again"], entry)) return false;
  if (!json.contains("evidence")) return true;
  entry.entry.evidence = evidence_in(json["evidence"]);
  return entry.entry.evidence.has_value();
}

}  // namespace

BucketKeys bucket_keys(const std::string& prefix, int bucket) {
  const std::string tag = fmt::format("{{{}:{:02x}}}", prefix, bucket);
  return {tag + ":entries", tag + ":past", tag + ":log", tag + ":ledger"};
}

int bucket_of(std::string_view address) {
  // Not of the slot's lowest bits alone: the hash of what strangers choose is only to be spread.
  return redis_slot(address) % redis_buckets;
}

std::string deeds_key(const std::string& prefix) { return fmt::format("{{{}:deeds}}", prefix); }

std::string imports_key(const std::string& prefix) { return deeds_key(prefix) + ":imports"; }

std::string first_of(std::string_view address) {
  return fmt::format("[{}{}", address, end_of_part);
}
std::string behind(std::string_view address) {
  return fmt::format("({}{}", address, static_cast<char>(end_of_part + 1));
}

std::string member_of(const RedisEntry& entry) {
  Json json = Json::object();
  write_rest(json, entry);
  return fmt::format("{1}{0}{2}{0}{3}{0}{4}", end_of_part, entry.entry.address, entry.entry.scope,
                     to_string(entry.entry.reason), dump(json));
}

std::string past_member_of(const RedisEntry& entry, int number) {
  Json json = Json::object();
  json["scope"] = entry.entry.scope;
  json["reason"] = to_string(entry.entry.reason);
  write_rest(json, entry);
  return fmt::format("{1}{0}{2:016}.{3:04}{0}{4}", end_of_part, entry.entry.address, entry.ended_by,
                     number, dump(json));
}

Result<RedisEntry> entry_of_member(std::string_view member) {
  const auto parts = parts_of<4>(member);
  if (!parts) return damaged(member);
  const auto reason = suppression_reason((*parts)[2]);
  RedisEntry entry;
  const Json json = Json::parse((*parts)[3], nullptr, false);
  if (!reason || !read_rest(json, entry)) return damaged(member);
  entry.entry.address = (*parts)[0];
  entry.entry.scope = (*parts)[1];
  entry.entry.reason = *reason;
  entry.stored = member;
  return entry;
}

Result<RedisEntry> entry_of_past_member(std::string_view member) {
  const auto parts = parts_of<3>(member);
  if (!parts) return damaged(member);
  RedisEntry entry;
  const Json json = Json::parse((*parts)[2], nullptr, false);
  if (!read_rest(json, entry)) return damaged(member);
  const auto scope = text_in(json, "scope");
  const auto reason = suppression_reason(text_in(json, "reason").value_or(""));
  if (!scope || !reason) return damaged(member);
  entry.entry.address = (*parts)[0];
  entry.entry.scope = *scope;
  entry.entry.reason = *reason;
  return entry;
}

std::string text_of(const Deed& deed, std::optional<std::int64_t> entries) {
  Json json = Json::object();
  json["what"] = to_string(deed.kind);
  json["who"] = deed.who;
  json["at"] = number_of(deed.at);
  if (!deed.why.empty()) json["why"] = deed.why;
  if (entries) json["entries"] = *entries;
  return dump(json);
}

Result<RedisDeed> deed_of_text(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  const auto nonsense = [&] {
    return fail(
        Code::permanent,
        fmt::format("expected a deed of the suppression list, found \"{}\"", for_log(text, 120)));
  };
  if (!json.is_object()) return nonsense();
  const auto what = text_in(json, "what");
  auto who = text_in(json, "who");
  auto why = text_in(json, "why");
  const auto at = number_in(json, "at");
  const auto entries = number_in(json, "entries");
  if (!what || !who || !why || !at || !entries) return nonsense();
  for (const Deed::Kind kind : {Deed::Kind::add, Deed::Kind::import, Deed::Kind::remove,
                                Deed::Kind::undo, Deed::Kind::hash}) {
    if (*what != to_string(kind)) continue;
    return RedisDeed{
        .deed = {.kind = kind, .who = *std::move(who), .at = time_of(*at), .why = *std::move(why)},
        .entries = json.contains("entries") ? entries : std::nullopt};
  }
  return nonsense();
}

}  // namespace icm
