// SPDX-License-Identifier: Apache-2.0
#include "policy/store/entry_merge.h"

namespace icm {

Result<EntryMerge> EntryMerge::prepare(Database& database) {
  ICM_TRY(AddressRows rows, AddressRows::prepare(database));
  return EntryMerge(database, std::move(rows));
}

Result<bool> EntryMerge::is_anybody_erased() {
  if (!anybody_erased_) {
    ICM_TRY(
        const std::int64_t found,
        database_->number("SELECT EXISTS (SELECT 1 FROM suppression WHERE reason = 'erasure')"));
    anybody_erased_ = found != 0;
  }
  return *anybody_erased_;
}

Result<bool> EntryMerge::is_noted_lately(const Suppression& entry, WallTime now) {
  ICM_TRY(const std::vector<Version> standing, rows_.standing(entry.address));
  return icm::is_noted_lately(standing, entry, now);
}

Result<EntryMerge::Put> EntryMerge::put(const Suppression& entry, std::int64_t deed, WallTime now) {
  const bool is_erasure = entry.reason == SuppressionReason::erasure;
  ICM_TRY(const bool anybody_erased, is_anybody_erased());
  if (!is_erasure && !anybody_erased) {
    ICM_TRY(const bool is_new, rows_.insert(new_version(entry, deed)));
    if (is_new) return Put{Outcome::added, true};
  }
  ICM_TRY(std::vector<Version> standing, rows_.standing(entry.address));
  AddressChange change = AddressChange::of(entry.address, std::move(standing));
  const Outcome outcome = put_entry(change, entry, deed, now);
  if (!change.is_any()) return Put{outcome, false};
  if (is_erasure) anybody_erased_ = true;
  ICM_CHECK(rows_.change(change));
  return Put{outcome, true};
}

}  // namespace icm
