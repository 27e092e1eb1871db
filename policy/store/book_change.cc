// SPDX-License-Identifier: Apache-2.0
#include "policy/store/book_change.h"

#include "policy/store/entry_rows.h"

namespace icm {
namespace {

Result<std::int64_t> record(Database& database, const Deed& deed) {
  ICM_TRY(Statement statement, database.prepare("INSERT INTO deed (at, who, what, why) "
                                                "VALUES (?1, ?2, ?3, ?4) RETURNING id"));
  Query query = statement.query();
  query.bind(1, stored_time(deed.at))
      .bind(2, deed.who)
      .bind(3, to_string(deed.kind))
      .bind(4, deed.why);
  ICM_CHECK(query.step());
  const std::int64_t id = query.number(0);
  ICM_CHECK(query.step());  // an INSERT is done only when its rows have been read
  return id;
}

}  // namespace

Result<BookChange> BookChange::begin(Database& database, const Deed& deed) {
  ICM_TRY(Transaction transaction, Transaction::begin(database));
  ICM_TRY(ChangeLog log, ChangeLog::begin(database));
  ICM_TRY(const std::int64_t number, record(database, deed));
  // Whatever can fail about it fails before the commit.
  ICM_TRY(Generation generation, Generation::open(database.path()));
  return BookChange(database, std::move(generation), std::move(transaction), std::move(log),
                    number);
}

Status BookChange::note(std::string_view address) {
  ++entries_;
  return log_.note(address);
}

Status BookChange::withdraw_deed() {
  ICM_TRY(Statement statement, database_->prepare("DELETE FROM deed WHERE id = ?1"));
  return statement.query().bind(1, deed_).run();
}

Status BookChange::commit() {
  {
    ICM_TRY(Statement statement, database_->prepare("UPDATE deed SET entries = ?1 WHERE id = ?2"));
    ICM_CHECK(statement.query().bind(1, entries_).bind(2, deed_).run());
  }
  const bool holds_as_before = entries_ == 0 && has_confirmed_;
  ICM_CHECK(log_.end(holds_as_before ? ChangeLog::Silence::nothing : ChangeLog::Silence::anything));
  ICM_CHECK(transaction_.commit());
  generation_.raise();
  return {};
}

}  // namespace icm
