// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_ledger_import.h"

#include "policy/store/ledger_merge.h"
#include "policy/store/ledger_rows.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

constexpr std::uint64_t report_every = 10000;

// The staged rows need not survive anything, so they are written without journal and without sync;
// the cache bounds the memory of the sort, which spills to files beyond it.
constexpr std::string_view make_stage =
    "PRAGMA cache_size = -65536;"
    "PRAGMA threads = 2;"
    "PRAGMA temp.journal_mode = OFF;"
    "PRAGMA temp_store = FILE;"
    "CREATE TEMP TABLE staged (address, scope, consented, source, withdrawn, engaged);"
    "BEGIN";

constexpr std::string_view stage_one =
    "INSERT INTO temp.staged (" ICM_LEDGER_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

// In the order of the ledger's key: each page is then written once.
constexpr std::string_view sorted =
    "SELECT " ICM_LEDGER_COLUMNS " FROM temp.staged ORDER BY address, scope";

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

Result<SqliteLedgerImport> SqliteLedgerImport::open(const std::string& path, Deadline deadline) {
  ICM_TRY(Database database, open_store(path, Database::Access::write, Missing::make, deadline));
  ICM_CHECK(database.execute(make_stage));
  ICM_TRY(Statement stage, database.prepare(stage_one));
  return SqliteLedgerImport(std::move(database), std::move(stage));
}

Status SqliteLedgerImport::stage(const Subscription& subscription, WallTime now) {
  ICM_CHECK(check_subscription(subscription, now));
  Query query = stage_.query();
  bind_subscription(query, subscription);
  ICM_CHECK(query.run());
  ++staged_;
  return {};
}

Result<ImportCount> SqliteLedgerImport::commit(Deadline lock,
                                               const std::function<void(std::uint64_t)>& progress) {
  ICM_CHECK(database_.execute("COMMIT"));
  database_.wait_until(lock);
  ICM_TRY(LedgerMerge merge, LedgerMerge::prepare(database_));
  ICM_TRY(Statement in_order, database_.prepare(sorted));
  ICM_TRY(Transaction transaction, Transaction::begin(database_));
  ImportCount counts;
  Query rows = in_order.query();
  for (std::uint64_t done = 0;; ++done) {
    if (done % report_every == 0) progress(done);
    ICM_TRY(const bool is_row, rows.step());
    if (!is_row) break;
    ICM_TRY(const Outcome outcome, merge.put(subscription_of_row(rows)));
    count(outcome, counts);
  }
  ICM_CHECK(transaction.commit());
  static_cast<void>(database_.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  return counts;
}

}  // namespace icm
