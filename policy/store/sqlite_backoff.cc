// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_backoff.h"

#include "policy/store/backoff_batch.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

constexpr std::chrono::hours look_every{1};

std::int64_t number_of(WallTime time) { return time.time_since_epoch().count(); }
WallTime time_of(std::int64_t number) { return WallTime(std::chrono::milliseconds(number)); }

}  // namespace

Result<Database> SqliteBackoffBook::open(Database::Access access, Deadline deadline) const {
  return open_store(path_, access, access == Database::Access::write ? missing_ : Missing::refuse,
                    deadline);
}

Status SqliteBackoffBook::put(const Backoff& backoff, Deadline deadline) {
  return put_all({backoff}, deadline);
}

Status SqliteBackoffBook::put_all(const std::vector<Backoff>& backoffs, Deadline deadline) {
  ICM_TRY(Database database, open(Database::Access::write, deadline));
  ICM_TRY(Transaction transaction, Transaction::begin(database));
  ICM_TRY(Statement insert,
          database.prepare("INSERT OR REPLACE INTO backoff VALUES (?1,?2,?3,?4,?5,?6,?7,?8)"));
  for (const Backoff& backoff : backoffs) ICM_CHECK(put_into(database, backoff, insert));
  return transaction.commit();
}

Status SqliteBackoffBook::put_into(Database& database, const Backoff& backoff, Statement& insert) {
  const std::int64_t too_old = number_of(backoff.since - backoff_kept_after_end);
  if (too_old >= next_look_) {
    ICM_TRY(Statement forget, database.prepare("DELETE FROM backoff WHERE until < ?1"));
    ICM_CHECK(forget.query().bind(1, too_old).run());
    next_look_ = number_of(backoff.since - backoff_kept_after_end + look_every);
  }
  Query query = insert.query();
  query.bind(1, to_string(backoff.kind)).bind(2, backoff.subject);
  query.bind(3, std::int64_t{backoff.percent}).bind(4, std::int64_t{backoff.every.count()});
  query.bind(5, number_of(backoff.since));
  if (backoff.until) {
    query.bind(6, number_of(*backoff.until));
  } else {
    query.bind_null(6);
  }
  return query.bind(7, backoff.by).bind(8, backoff.why).run();
}

Result<bool> SqliteBackoffBook::remove(BackoffKind kind, const std::string& subject,
                                       Deadline deadline) {
  ICM_TRY(Database database, open(Database::Access::write, deadline));
  ICM_TRY(Statement statement,
          database.prepare("DELETE FROM backoff WHERE kind = ?1 AND subject = ?2"));
  ICM_CHECK(statement.query().bind(1, to_string(kind)).bind(2, subject).run());
  return database.changes() > 0;
}

Result<std::vector<Backoff>> SqliteBackoffBook::all(Deadline deadline) {
  std::vector<Backoff> all;
  // Nothing was ever kept there. Of a store that is lost it is not known what it held.
  if (is_never_made(path_)) return all;
  ICM_TRY(Database database, open(Database::Access::read, deadline));
  ICM_TRY(Statement statement,
          database.prepare("SELECT kind, subject, percent, every, since, until, by, why"
                           " FROM backoff ORDER BY kind, subject"));
  Query query = statement.query();
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return all;
    const auto kind = backoff_kind(query.text(0));
    if (!kind) continue;  // of a newer release
    Backoff one{.kind = *kind,
                .subject = std::string(query.text(1)),
                .percent = static_cast<int>(query.number(2)),
                .every = std::chrono::seconds(query.number(3)),
                .since = time_of(query.number(4)),
                .until = {},
                .by = std::string(query.text(6)),
                .why = std::string(query.text(7))};
    if (!query.is_null(5)) one.until = time_of(query.number(5));
    all.push_back(std::move(one));
  }
}

Status put_all(BackoffBook& book, const std::vector<Backoff>& backoffs, Deadline deadline) {
  if (auto* const sqlite = dynamic_cast<SqliteBackoffBook*>(&book)) {
    return sqlite->put_all(backoffs, deadline);
  }
  for (const Backoff& one : backoffs) ICM_CHECK(book.put(one, deadline));
  return {};
}

}  // namespace icm
