// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_causes.h"

#include <optional>
#include <set>

namespace icm {

Status forget_causes(const RedisShelf& shelf, const std::vector<AddressChange>& changes,
                     Deadline deadline) {
  std::set<std::int64_t> numbers;
  for (const AddressChange& change : changes) {
    if (!change.forgets_past) continue;
    ICM_TRY(const std::vector<RedisEntry> past, shelf.past(change.address, deadline));
    for (const RedisEntry& entry : change.standing) numbers.insert(entry.added_by);
    for (const RedisEntry& entry : past) numbers.insert({entry.added_by, entry.ended_by});
  }
  for (const std::int64_t number : numbers) {
    ICM_TRY(std::optional<RedisDeed> found, shelf.deed(number, deadline));
    if (!found || found->deed.why.empty()) continue;
    const Deed::Kind kind = found->deed.kind;
    if (kind != Deed::Kind::add && kind != Deed::Kind::remove) continue;
    found->deed.why.clear();
    ICM_CHECK(shelf.write_again(number, *found, deadline));
  }
  return {};
}

}  // namespace icm
