// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_ledger_import.h"

#include "policy/store/import_count.h"
#include "policy/store/ledger_merge.h"
#include "policy/store/packed_record.h"
#include "policy/store/store_file.h"

namespace icm {

Result<SqliteLedgerImport> SqliteLedgerImport::open(const std::string& path, Deadline deadline) {
  ICM_TRY(Database database, open_store(path, Database::Access::write, Missing::refuse, deadline));
  return SqliteLedgerImport(std::move(database));
}

Status SqliteLedgerImport::stage(const Subscription& subscription, WallTime now) {
  ICM_CHECK(check_subscription(subscription, now));
  return subscriptions_.add(packed(subscription));
}

Result<ImportCount> SqliteLedgerImport::commit(Deadline lock,
                                               const std::function<void(std::uint64_t)>& progress) {
  ICM_CHECK(subscriptions_.sort());
  database_.wait_until(lock);
  ICM_TRY(LedgerMerge merge, LedgerMerge::prepare(database_));
  ICM_TRY(Transaction transaction, Transaction::begin(database_));
  const auto put = [&](std::string_view octets) {
    return merge.put(unpacked_subscription(octets));
  };
  ICM_TRY(const ImportCount counts, merge_sorted(subscriptions_, put, progress));
  ICM_CHECK(transaction.commit());
  empty_log(database_, Deadline::in(std::chrono::seconds{0}));
  return counts;
}

}  // namespace icm
