// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_source.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/store/redis_walk.h"

namespace icm {
namespace {

constexpr std::chrono::seconds wait_for_reading{5};
constexpr std::size_t addresses_at_once = 500;
constexpr std::size_t buckets_at_once = 16;  // what their logs hold is in memory then

// A line for each bucket: which list, and where its log ended. What begins a mark is no text.
std::string cursor_of(const std::vector<BucketEnd>& ends) {
  std::string cursor;
  for (const BucketEnd& end : ends) {
    cursor += fmt::format("{} {}\n", std::string_view(end.list).substr(1), end.last);
  }
  return cursor;
}

// nullopt: of another kind of store.
std::optional<std::vector<BucketEnd>> ends_of(std::string_view cursor) {
  std::vector<BucketEnd> ends;
  for (const std::string_view line : split(cursor, '\n')) {
    if (line.empty()) continue;
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    ends.push_back(
        {"\x01" + std::string(line.substr(0, blank)), std::string(line.substr(blank + 1))});
  }
  if (ends.size() != redis_buckets) return std::nullopt;
  return ends;
}

bool is_same_list(const std::vector<BucketEnd>& one, const std::vector<BucketEnd>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const BucketEnd& a, const BucketEnd& b) { return a.list == b.list; });
}

bool hand_over(const Suppression& entry, const SuppressionSource::Visit& visit) {
  return visit({.key = entry.address,
                .scope = entry.scope,
                .reason = entry.reason,
                .expires = entry.expires});
}

}  // namespace

Result<std::unique_ptr<SuppressionSource>> RedisSource::make(const RedisOptions& options,
                                                             const std::string& store) {
  ICM_TRY(auto generation, FollowedGeneration::open(store));
  return std::unique_ptr<SuppressionSource>(
      new RedisSource(RedisShelf(options), std::move(generation)));
}

Result<std::string> RedisSource::each(const Visit& visit) {
  // Before the first entry, so that what comes meanwhile is behind it.
  ICM_TRY(const std::vector<BucketEnd> ends, shelf_.ends(Deadline::in(wait_for_reading)));
  RedisWalk walk(shelf_);
  for (;;) {
    ICM_TRY(const std::optional<RedisEntry> entry, walk.next());
    if (!entry) break;
    if (!hand_over(entry->entry, visit)) {
      return fail(Code::temporary, fmt::format("{}: reading was ended", shelf_.text()));
    }
  }
  // Of a server that was emptied meanwhile, what was read is not the list.
  ICM_TRY(const std::vector<BucketEnd> now, shelf_.ends(Deadline::in(wait_for_reading)));
  if (is_same_list(ends, now)) return cursor_of(ends);
  return fail(Code::temporary,
              fmt::format("{}: the list was replaced while it was read", shelf_.text()));
}

Result<std::optional<std::string>> RedisSource::changes(const std::string& cursor, std::size_t most,
                                                        const Begin& begin, const Visit& visit,
                                                        Deadline deadline) {
  const auto known = ends_of(cursor);
  if (!known) return std::optional<std::string>();
  ICM_TRY(const std::vector<BucketEnd> ends, shelf_.ends(deadline));
  if (!is_same_list(*known, ends)) return std::optional<std::string>();
  std::set<std::string> changed;
  std::map<int, std::string> places;
  for (std::size_t bucket = 0; bucket < ends.size(); ++bucket) {
    if (ends[bucket] != (*known)[bucket]) {
      places.emplace(static_cast<int>(bucket), (*known)[bucket].last);
    }
    if (places.size() < buckets_at_once && bucket + 1 < ends.size()) continue;
    ICM_TRY(const auto addresses, shelf_.changed(places, most, Deadline::in(wait_for_reading)));
    if (!addresses) return std::optional<std::string>();
    changed.insert(addresses->begin(), addresses->end());
    if (changed.size() > most) return std::optional<std::string>();
    places.clear();
  }
  std::vector<std::string> batch;
  for (auto next = changed.begin(); next != changed.end();) {
    batch.push_back(*next++);
    if (batch.size() < addresses_at_once && next != changed.end()) continue;
    ICM_TRY(const auto standing, shelf_.standing(batch, Deadline::in(wait_for_reading)));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      begin(batch[i]);
      for (const RedisEntry& entry : standing[i]) {
        if (hand_over(entry.entry, visit)) continue;
        return fail(Code::temporary, fmt::format("{}: reading was ended", shelf_.text()));
      }
    }
    batch.clear();
  }
  return std::optional(cursor_of(ends));
}

Result<SuppressionSource::Seen> RedisSource::look(Deadline deadline) {
  ICM_CHECK(generation_->follow());
  ICM_TRY(std::vector<BucketEnd> ends, shelf_.ends(deadline));
  const bool is_first = seen_.empty();
  const bool is_other = !is_first && !is_same_list(seen_, ends);
  const bool is_changed = is_first || seen_ != ends;
  seen_ = std::move(ends);
  if (is_changed) ++looks_;
  if (is_other) return Seen::replaced;
  return is_changed ? Seen::changed : Seen::same;
}

}  // namespace icm
