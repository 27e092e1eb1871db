// SPDX-License-Identifier: Apache-2.0
#include "policy/store/suppression_import.h"

#include "policy/store/book_change.h"
#include "policy/store/entry_merge.h"
#include "policy/store/entry_rows.h"

namespace icm {
namespace {

// Of entries with the same key the oldest comes first, so that its source is the one that told us
// first.
constexpr ImportStage::Form form{.columns = ICM_ENTRY_COLUMNS,
                                 .parameters = ICM_ENTRY_PARAMETERS,
                                 .order = "address, scope, reason, created"};

}  // namespace

Result<SuppressionImport> SuppressionImport::open(const std::string& path, Deadline deadline) {
  ICM_TRY(ImportStage stage, ImportStage::open(path, form, deadline));
  return SuppressionImport(std::move(stage));
}

Status SuppressionImport::stage(const Suppression& entry) {
  ICM_CHECK(check_entry(entry));
  return stage_.put([&](Query& query) { bind_entry(query, entry); });
}

Result<ImportCount> SuppressionImport::commit(const Deed& deed, Deadline lock,
                                              const std::function<void(std::uint64_t)>& progress) {
  ICM_TRY(Database* const database, stage_.finish(lock));
  ICM_TRY(EntryMerge merge, EntryMerge::prepare(*database));
  ICM_TRY(BookChange change, BookChange::begin(*database, deed));
  const auto put = [&](const Query& row) -> Result<Outcome> {
    ICM_TRY(const Suppression entry, entry_of_row(row, database->path()));
    ICM_TRY(const EntryMerge::Put put_there, merge.put(entry, change.deed(), deed.at));
    if (put_there.outcome != Outcome::unchanged) {
      ICM_CHECK(change.note(entry.address));
    } else if (put_there.is_written) {
      change.note_confirmation();
    }
    return put_there.outcome;
  };
  ICM_TRY(ImportCount counts, stage_.merge(put, progress));
  if (!change.is_any()) return counts;  // rolled back, the deed with it
  ICM_CHECK(change.commit());
  counts.import = change.deed();
  stage_.tidy();
  return counts;
}

}  // namespace icm
