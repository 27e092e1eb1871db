// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_walk.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace icm {

Status RedisWalk::begin() {
  has_begun_ = true;
  // Asked for, so that a server which has lost the list is no empty list.
  ICM_TRY(ends_, shelf_.ends(Deadline::in(patience)));
  for (int bucket = 0; bucket < static_cast<int>(ends_.size()); ++bucket) {
    ICM_CHECK(advance(bucket));
  }
  return {};
}

// A server that was emptied gives short pages, which are no short list.
Status RedisWalk::end() const {
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
    ICM_TRY(std::vector<std::string> page,
            shelf_.page(bucket, here.last, page_size, Deadline::in(patience)));
    here.is_at_end = page.size() < page_size;
    if (!page.empty()) here.last = page.back();
    here.members.assign(page.begin(), page.end());
  }
  if (here.members.empty()) return {};
  heads_.emplace(std::move(here.members.front()), bucket);
  here.members.pop_front();
  return {};
}

Result<std::optional<RedisEntry>> RedisWalk::next() {
  if (!has_begun_) ICM_CHECK(begin());
  while (!heads_.empty()) {
    const auto head = heads_.extract(heads_.begin());
    ICM_CHECK(advance(head.mapped()));
    auto entry = entry_of_member(head.key());
    if (!entry) return fail_at(shelf_.text(), entry.error());
    // One that was changed while we walked may come again, with another text behind its key.
    std::string key = fmt::format("{1}{0}{2}{0}{3}", '\0', entry->entry.address, entry->entry.scope,
                                  to_string(entry->entry.reason));
    if (key == key_) continue;
    key_ = std::move(key);
    return std::optional(*std::move(entry));
  }
  ICM_CHECK(end());
  return std::optional<RedisEntry>();
}

}  // namespace icm
