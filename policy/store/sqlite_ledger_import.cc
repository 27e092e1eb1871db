// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_ledger_import.h"

#include "policy/store/ledger_merge.h"
#include "policy/store/ledger_rows.h"

namespace icm {
namespace {

constexpr ImportStage::Form form{
    .columns = ICM_LEDGER_COLUMNS, .parameters = ICM_LEDGER_PARAMETERS, .order = "address, scope"};

}  // namespace

Result<SqliteLedgerImport> SqliteLedgerImport::open(const std::string& path, Deadline deadline) {
  ICM_TRY(ImportStage stage, ImportStage::open(path, form, deadline));
  return SqliteLedgerImport(std::move(stage));
}

Status SqliteLedgerImport::stage(const Subscription& subscription, WallTime now) {
  ICM_CHECK(check_subscription(subscription, now));
  return stage_.put([&](Query& query) { bind_subscription(query, subscription); });
}

Result<ImportCount> SqliteLedgerImport::commit(Deadline lock,
                                               const std::function<void(std::uint64_t)>& progress) {
  ICM_TRY(Database* const database, stage_.finish(lock));
  ICM_TRY(LedgerMerge merge, LedgerMerge::prepare(*database));
  ICM_TRY(Transaction transaction, Transaction::begin(*database));
  const auto put = [&](const Query& row) { return merge.put(subscription_of_row(row)); };
  ICM_TRY(const ImportCount counts, stage_.merge(put, progress));
  ICM_CHECK(transaction.commit());
  stage_.tidy();
  return counts;
}

}  // namespace icm
