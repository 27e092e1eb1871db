// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_ledger_book.h"

#include "policy/store/entry_rows.h"
#include "policy/store/ledger_merge.h"
#include "policy/store/ledger_rows.h"
#include "policy/store/sqlite_ledger_import.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

// The conditions of a filter; each() gives them their values.
std::string conditions(const LedgerFilter& filter) {
  std::string sql = "true";
  if (filter.scope) sql += " AND scope = ?1";
  if (filter.domain) sql += " AND substr(address, -length(?2)) = ?2";
  // What was only ever withdrawn shows no life, and is no subscription to end.
  if (filter.inactive)
    sql += " AND max(ifnull(consented, engaged), ifnull(engaged, consented)) < ?3";
  return sql;
}

}  // namespace

Result<std::unique_ptr<LedgerBook>> SqliteLedgerBook::open(const std::string& path, Missing missing,
                                                           Deadline deadline) {
  ICM_TRY(Database reader, open_store(path, Database::Access::read, missing, deadline));
  return std::unique_ptr<LedgerBook>(new SqliteLedgerBook(path, deadline, std::move(reader)));
}

void SqliteLedgerBook::wait_until(Deadline deadline) {
  deadline_ = deadline;
  reader_.wait_until(deadline);
  if (writer_) writer_->wait_until(deadline);
}

// A store that was there when the book was opened and is not now is a fault, not a reason to begin
// another one.
Result<Database*> SqliteLedgerBook::writer() {
  if (!writer_) {
    ICM_TRY(writer_, open_store(path_, Database::Access::write, Missing::refuse, deadline_));
  }
  return &*writer_;
}

Result<Outcome> SqliteLedgerBook::add(const Subscription& subscription) {
  ICM_TRY(Database * database, writer());
  ICM_TRY(LedgerMerge merge, LedgerMerge::prepare(*database));
  ICM_TRY(Transaction transaction, Transaction::begin(*database));
  ICM_TRY(const Outcome outcome, merge.put(subscription));
  ICM_CHECK(transaction.commit());
  return outcome;
}

Result<std::uint64_t> SqliteLedgerBook::remove(const std::string& address,
                                               const std::optional<std::string>& scope) {
  ICM_TRY(Database * database, writer());
  ICM_TRY(Statement statement, database->prepare("DELETE FROM subscription WHERE address = ?1 "
                                                 "AND (?2 IS NULL OR scope = ?2)"));
  Query query = statement.query();
  query.bind(1, address);
  if (scope) {
    query.bind(2, *scope);
  } else {
    query.bind_null(2);
  }
  ICM_CHECK(query.run());
  return static_cast<std::uint64_t>(database->changes());
}

Result<std::vector<Subscription>> SqliteLedgerBook::of(const std::string& address) {
  if (!subscriptions_) {
    ICM_TRY(subscriptions_,
            reader_.prepare("SELECT " ICM_LEDGER_COLUMNS
                            " FROM subscription WHERE address = ?1 ORDER BY scope"));
  }
  Query query = subscriptions_->query();
  query.bind(1, address);
  std::vector<Subscription> found;
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return found;
    found.push_back(subscription_of_row(query));
  }
}

Status SqliteLedgerBook::each(const LedgerFilter& filter,
                              const std::function<void(const Subscription&)>& visit) {
  ICM_TRY(Statement statement,
          reader_.prepare(fmt::format("SELECT " ICM_LEDGER_COLUMNS
                                      " FROM subscription WHERE {} ORDER BY address, scope",
                                      conditions(filter))));
  const std::string at_domain = filter.domain ? "@" + filter.domain->text() : std::string();
  Query query = statement.query();
  if (filter.scope) query.bind(1, *filter.scope);
  if (filter.domain) query.bind(2, at_domain);
  if (filter.inactive) query.bind(3, stored_time(*filter.inactive));
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return {};
    visit(subscription_of_row(query));
  }
}

Result<std::unique_ptr<LedgerImport>> SqliteLedgerBook::begin_import() {
  ICM_TRY(SqliteLedgerImport job, SqliteLedgerImport::open(path_, deadline_));
  return std::unique_ptr<LedgerImport>(new SqliteLedgerImport(std::move(job)));
}

}  // namespace icm
