// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_store.h"

#include <utility>
#include <vector>

#include "policy/store/entry_rows.h"
#include "policy/store/reader_pool.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

// One address, and the three addresses of siblings. Finding candidates is all SQL does here; what
// applies is decided by entries_in_force.
constexpr std::string_view one_address =
    "SELECT " ICM_ENTRY_COLUMNS " FROM suppression WHERE address = ?1";
constexpr std::string_view three_addresses =
    "SELECT " ICM_ENTRY_COLUMNS " FROM suppression WHERE address IN (?1, ?2, ?3)";

// A connection with its statements, leased to one lookup at a time.
struct Reader {
  Database database;
  Statement one;
  Statement three;

  static Result<Reader> open(const std::string& path, Missing missing, Deadline deadline) {
    ICM_TRY(Database database, open_store(path, Database::Access::read, missing, deadline));
    ICM_TRY(Statement one, database.prepare(one_address));
    ICM_TRY(Statement three, database.prepare(three_addresses));
    return Reader{std::move(database), std::move(one), std::move(three)};
  }

  Result<std::vector<Suppression>> candidates(const Mailbox& mailbox, bool siblings) {
    const std::string key = mailbox.key();
    const std::vector<std::string> others =
        siblings ? sibling_keys(mailbox) : std::vector<std::string>();
    Query query = others.empty() ? one.query() : three.query();
    query.bind(1, key);
    for (std::size_t i = 0; i < others.size(); ++i) query.bind(static_cast<int>(i) + 2, others[i]);
    std::vector<Suppression> entries;
    for (;;) {
      ICM_TRY(const bool is_row, query.step());
      if (!is_row) return entries;
      ICM_TRY(Suppression entry, entry_of_row(query, database.path()));
      entries.push_back(std::move(entry));
    }
  }
};

}  // namespace

class SqliteSuppressionList::Pool : public ReaderPool<Reader> {
 public:
  using ReaderPool::ReaderPool;
};

SqliteSuppressionList::SqliteSuppressionList(std::shared_ptr<const Pool> pool)
    : pool_(std::move(pool)) {}

Result<std::unique_ptr<SqliteSuppressionList>> SqliteSuppressionList::open(const std::string& path,
                                                                           Missing missing,
                                                                           Deadline deadline) {
  ICM_TRY(Reader first, Reader::open(path, missing, deadline));
  auto pool = std::make_shared<const Pool>(path, std::move(first));
  return std::unique_ptr<SqliteSuppressionList>(new SqliteSuppressionList(std::move(pool)));
}

Result<std::vector<Suppression>> SqliteSuppressionList::find(const Mailbox& mailbox,
                                                             const std::vector<std::string>& scopes,
                                                             bool siblings, WallTime now,
                                                             Deadline deadline) const {
  if (deadline.passed()) {
    return fail(Code::temporary,
                fmt::format("{}: no time left to ask the suppression list", pool_->path()));
  }
  ICM_TRY(Pool::Lease lease, pool_->lease(deadline));
  ICM_TRY(std::vector<Suppression> candidates, lease.reader().candidates(mailbox, siblings));
  // Not reached after an Error: a connection that failed is not used again.
  lease.keep();
  return entries_in_force(std::move(candidates), mailbox, scopes, siblings, now);
}

}  // namespace icm
