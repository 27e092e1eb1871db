// SPDX-License-Identifier: Apache-2.0
#include "policy/store/suppression_import.h"

#include "policy/store/book_change.h"
#include "policy/store/entry_merge.h"
#include "policy/store/import_count.h"
#include "policy/store/packed_record.h"
#include "policy/store/store_file.h"

namespace icm {

Result<SuppressionImport> SuppressionImport::open(const std::string& path, Deadline deadline) {
  ICM_TRY(Database database, open_store(path, Database::Access::write, Missing::refuse, deadline));
  return SuppressionImport(std::move(database));
}

Status SuppressionImport::stage(const Suppression& entry) {
  ICM_CHECK(check_entry(entry));
  return entries_.add(packed(entry));
}

Result<ImportCount> SuppressionImport::commit(const Deed& deed, Deadline lock,
                                              const std::function<void(std::uint64_t)>& progress) {
  ICM_CHECK(entries_.sort());
  database_.wait_until(lock);
  ICM_TRY(EntryMerge merge, EntryMerge::prepare(database_));
  ICM_TRY(BookChange change, BookChange::begin(database_, deed));
  const auto put = [&](std::string_view octets) -> Result<Outcome> {
    const Suppression entry = unpacked_entry(octets);
    ICM_TRY(const EntryMerge::Put put_there, merge.put(entry, change.deed(), deed.at));
    if (put_there.outcome != Outcome::unchanged) {
      ICM_CHECK(change.note(entry.address));
    } else if (put_there.is_written) {
      change.note_confirmation();
    }
    return put_there.outcome;
  };
  ICM_TRY(ImportCount counts, merge_sorted(entries_, put, progress));
  if (!change.is_any()) return counts;  // rolled back, the deed with it
  ICM_CHECK(change.commit());
  counts.import = change.deed();
  empty_log(database_, Deadline::in(std::chrono::seconds{0}));
  return counts;
}

}  // namespace icm
