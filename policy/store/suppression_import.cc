// SPDX-License-Identifier: Apache-2.0
#include "policy/store/suppression_import.h"

#include "policy/store/book_change.h"
#include "policy/store/entry_merge.h"
#include "policy/store/entry_rows.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

constexpr std::uint64_t report_every = 10000;

// The staged rows need not survive anything, so they are written without journal and without sync.
// The cache bounds the memory of the sort, which spills to files beyond it; two threads sort the
// runs (measured with 5 million entries: 26 % sooner, since the merge never waits for them).
constexpr std::string_view make_stage =
    "PRAGMA cache_size = -65536;"
    "PRAGMA threads = 2;"
    "PRAGMA temp.journal_mode = OFF;"
    "PRAGMA temp_store = FILE;"
    "CREATE TEMP TABLE staged (" ICM_ENTRY_COLUMNS
    ");"
    "BEGIN";

// The first row of the sorted ones is there: what comes now goes through the list from one end to
// the other and needs no memory for it.
constexpr std::string_view after_sort = "PRAGMA cache_size = -8192";

constexpr std::string_view stage_one =
    "INSERT INTO temp.staged (" ICM_ENTRY_COLUMNS ") VALUES (" ICM_ENTRY_PARAMETERS ")";

// In the order of the list's key; of entries with the same key the oldest first, so that its source
// is the one that told us first.
constexpr std::string_view sorted =
    "SELECT " ICM_ENTRY_COLUMNS " FROM temp.staged ORDER BY address, scope, reason, created";

void count(Outcome outcome, ImportCount& counts) {
  switch (outcome) {
    case Outcome::added:
      ++counts.added;
      break;
    case Outcome::changed:
      ++counts.changed;
      break;
    case Outcome::unchanged:
      ++counts.unchanged;
      break;
  }
}

}  // namespace

Result<SuppressionImport> SuppressionImport::open(const std::string& path, Deadline deadline) {
  ICM_TRY(Database database, open_store(path, Database::Access::write, Missing::make, deadline));
  ICM_CHECK(database.execute(make_stage));
  ICM_TRY(Statement stage, database.prepare(stage_one));
  return SuppressionImport(std::move(database), std::move(stage));
}

Status SuppressionImport::stage(const Suppression& entry) {
  ICM_CHECK(check_entry(entry));
  Query query = stage_.query();
  bind_entry(query, entry);
  ICM_CHECK(query.run());
  ++staged_;
  return {};
}

Result<ImportCount> SuppressionImport::commit(const Deed& deed, Deadline lock,
                                              const std::function<void(std::uint64_t)>& progress) {
  ICM_CHECK(database_.execute("COMMIT"));
  database_.wait_until(lock);
  ICM_TRY(EntryMerge merge, EntryMerge::prepare(database_));
  ICM_TRY(Statement in_order, database_.prepare(sorted));
  ICM_TRY(BookChange change, BookChange::begin(database_, deed));
  ImportCount counts;
  Query rows = in_order.query();
  for (std::uint64_t done = 0;; ++done) {
    if (done % report_every == 0) progress(done);
    ICM_TRY(const bool is_row, rows.step());
    if (done == 0) ICM_CHECK(database_.execute(after_sort));
    if (!is_row) break;
    ICM_TRY(const Suppression entry, entry_of_row(rows, database_.path()));
    ICM_TRY(const Outcome outcome, merge.put(entry, change.deed(), deed.at));
    if (outcome != Outcome::unchanged) ICM_CHECK(change.note(entry.address));
    count(outcome, counts);
  }
  if (counts.added + counts.changed == 0) return counts;  // rolled back, the deed with it
  ICM_CHECK(change.commit());
  counts.import = change.deed();
  // Empties the write-ahead log into the list, so that readers need not look through it. Somebody
  // reading just now may prevent it; then a later writer does it.
  static_cast<void>(database_.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  return counts;
}

}  // namespace icm
