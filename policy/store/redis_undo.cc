// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_undo.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "policy/store/redis_walk.h"

namespace icm {
namespace {

constexpr int most_attempts = 100;  // at one address, while others change it

Deadline soon() { return Deadline::in(RedisWalk::patience); }

class RedisUndo {
 public:
  RedisUndo(const RedisShelf& shelf, const Batch& batch, const Deed& deed, Undoing undoing)
      : shelf_(shelf), batch_(batch), deed_(deed), undoing_(undoing) {}

  Result<UndoCount> run() {
    ICM_TRY(const std::vector<BucketEnd> before, shelf_.ends(soon()));
    for (int bucket = 0; bucket < redis_buckets; ++bucket) {
      ICM_CHECK(walk(bucket, &RedisShelf::page, entry_of_member));
      ICM_CHECK(walk(bucket, &RedisShelf::past_page, entry_of_past_member));
    }
    // A server that was emptied meanwhile gives short pages, which are no batch undone.
    ICM_TRY(const std::vector<BucketEnd> after, shelf_.ends(soon()));
    const bool is_same = std::equal(
        before.begin(), before.end(), after.begin(), after.end(),
        [](const BucketEnd& one, const BucketEnd& other) { return one.list == other.list; });
    if (is_same) return counts_;
    return fail(Code::temporary,
                fmt::format("{}: the suppression list was replaced while a batch was undone",
                            shelf_.text()));
  }

 private:
  using Page = Result<std::vector<std::string>> (RedisShelf::*)(int, const std::string&,
                                                                std::size_t, Deadline) const;
  using Read = Result<RedisEntry> (*)(std::string_view);

  // Undoes at every address of the bucket where one of these is of the batch. What was undone for
  // an entry that stood is counted once: only an address of which nothing of the batch stands any
  // more is found by its history alone.
  Status walk(int bucket, Page page, Read read) {
    const bool is_past = read == entry_of_past_member;
    std::string after;
    std::string done;  // the address of the last one: its members follow each other
    for (;;) {
      ICM_TRY(const std::vector<std::string> members,
              (shelf_.*page)(bucket, after, RedisWalk::page_size, soon()));
      for (const std::string& member : members) {
        const auto version = read(member);
        if (!version) return fail_at(shelf_.text(), version.error());
        if (version->entry.address == done) continue;
        if (!looks_like(*version, batch_) && !(!is_past && is_confirmed_by(*version, batch_))) {
          continue;
        }
        done = version->entry.address;
        if (is_past && seen_.contains(done)) continue;
        seen_.insert(done);
        ICM_CHECK(undo(done));
      }
      if (members.size() < RedisWalk::page_size) break;
      after = members.back();
    }
    if (is_past) seen_.clear();  // the next bucket has other addresses
    return {};
  }

  Status undo(const std::string& address) {
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
      ICM_TRY(const auto standing, shelf_.standing({address}, soon()));
      ICM_TRY(const std::vector<RedisEntry> past, shelf_.past(address, soon()));
      const auto is_undoing = [&](std::int64_t number) -> Result<bool> { return undid(number); };
      UndoCount here;
      AddressChange change = AddressChange::of(address, standing[0]);
      ICM_CHECK(undo_at(change, past, batch_, number_.value_or(-1), is_undoing, here));
      if (change.is_any() && undoing_ == Undoing::for_good) {
        if (!number_) {
          ICM_TRY(number_, shelf_.record(deed_, soon()));
          continue;
        }
        ICM_TRY(const std::vector<bool> made, shelf_.change({std::move(change)}, soon()));
        if (!made[0]) continue;
      }
      counts_.removed += here.removed;
      counts_.restored += here.restored;
      counts_.left += here.left;
      return {};
    }
    return fail(Code::temporary,
                fmt::format("{}: others keep changing the same address", shelf_.text()));
  }

  Result<bool> undid(std::int64_t number) {
    if (number == number_) return true;
    if (const auto known = undoings_.find(number); known != undoings_.end()) return known->second;
    ICM_TRY(const std::optional<RedisDeed> found, shelf_.deed(number, soon()));
    const bool is_undoing = found && found->deed.kind == Deed::Kind::undo;
    undoings_.emplace(number, is_undoing);
    return is_undoing;
  }

  const RedisShelf& shelf_;
  const Batch& batch_;
  const Deed& deed_;
  const Undoing undoing_;
  UndoCount counts_;
  std::optional<std::int64_t> number_;  // of the deed, once something is to be written
  std::set<std::string> seen_;          // of this bucket
  std::map<std::int64_t, bool> undoings_;
};

}  // namespace

Result<UndoCount> undo_batch(const RedisShelf& shelf, const Batch& batch, const Deed& deed,
                             Undoing undoing, Deadline deadline) {
  ICM_CHECK(check_undoing(deed));
  if (batch.import) {
    ICM_TRY(const std::optional<RedisDeed> found, shelf.deed(*batch.import, deadline));
    if (!found || found->deed.kind != Deed::Kind::import) {
      return no_such_import(shelf.text(), *batch.import);
    }
  }
  return RedisUndo(shelf, batch, deed, undoing).run();
}

}  // namespace icm
