// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_walk.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace icm {
namespace {

constexpr char end_of_part = '\0';

// Address, scope and what else there is one of, before the JSON.
std::string key_of(std::string_view member, int parts) {
  std::size_t end = 0;
  for (int i = 0; i < parts && end != std::string_view::npos; ++i) {
    end = member.find(end_of_part, i == 0 ? 0 : end + 1);
  }
  return std::string(member.substr(0, end));
}

}  // namespace

Status RedisWalk::begin() {
  has_begun_ = true;
  // Asked for, so that a server which has lost the list is no empty list.
  ICM_TRY(ends_, shelf_.ends(Deadline::in(patience)));
  if (over_ == Over::ledger) ICM_CHECK(has_ledger());
  for (int bucket = 0; bucket < static_cast<int>(ends_.size()); ++bucket) {
    ICM_CHECK(advance(bucket));
  }
  return {};
}

Status RedisWalk::has_ledger() const {
  return shelf_.open_ledger(Missing::refuse, Deadline::in(patience));
}

// A server that was emptied gives short pages, which are no short list.
Status RedisWalk::end() const {
  if (over_ == Over::ledger) ICM_CHECK(has_ledger());
  ICM_TRY(const std::vector<BucketEnd> now, shelf_.ends(Deadline::in(patience)));
  const bool is_same = std::equal(
      now.begin(), now.end(), ends_.begin(), ends_.end(),
      [](const BucketEnd& one, const BucketEnd& other) { return one.list == other.list; });
  if (is_same) return {};
  return fail(
      Code::temporary,
      fmt::format("{}: the suppression list was replaced while it was read", shelf_.text()));
}

Status RedisWalk::advance(int bucket) {
  Bucket& here = buckets_[static_cast<std::size_t>(bucket)];
  if (here.members.empty() && !here.is_at_end) {
    const auto page_of = over_ == Over::entries ? &RedisShelf::page : &RedisShelf::ledger_page;
    ICM_TRY(std::vector<std::string> page,
            (shelf_.*page_of)(bucket, here.last, page_size, Deadline::in(patience)));
    here.is_at_end = page.size() < page_size;
    if (!page.empty()) here.last = page.back();
    here.members.assign(page.begin(), page.end());
  }
  if (here.members.empty()) return {};
  heads_.emplace(std::move(here.members.front()), bucket);
  here.members.pop_front();
  return {};
}

Result<std::optional<std::string>> RedisWalk::next_member() {
  if (!has_begun_) ICM_CHECK(begin());
  while (!heads_.empty()) {
    auto head = heads_.extract(heads_.begin());
    ICM_CHECK(advance(head.mapped()));
    // One that was changed while we walked may come again, with another text behind its key.
    std::string key = key_of(head.key(), over_ == Over::entries ? 3 : 2);
    if (key == key_) continue;
    key_ = std::move(key);
    return std::optional(std::move(head.key()));
  }
  ICM_CHECK(end());
  return std::optional<std::string>();
}

Result<std::optional<RedisEntry>> RedisWalk::next() {
  ICM_TRY(const std::optional<std::string> member, next_member());
  if (!member) return std::optional<RedisEntry>();
  auto entry = entry_of_member(*member);
  if (!entry) return fail_at(shelf_.text(), entry.error());
  return std::optional(*std::move(entry));
}

}  // namespace icm
