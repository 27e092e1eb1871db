// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_store.h"

#include <utility>
#include <vector>

#include "policy/store/entry_rows.h"
#include "policy/store/hash_key_mark.h"
#include "policy/store/reader_pool.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

// One address, and the three addresses of siblings, in as many forms as there are: what is asked in
// fewer is filled up. Finding candidates is all SQL does here; what applies is decided by
// entries_in_force.
constexpr std::string_view one_address =
    "SELECT " ICM_ENTRY_COLUMNS " FROM suppression WHERE address IN (?1, ?2, ?3, ?4, ?5, ?6)";
constexpr std::string_view three_addresses =
    "SELECT " ICM_ENTRY_COLUMNS
    " FROM suppression WHERE address IN (?1, ?2, ?3, ?4, ?5, ?6, "
    "?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
constexpr int most_forms = static_cast<int>(std::size(all_address_forms));
static_assert(most_forms == 6);

// A connection with its statements, leased to one lookup at a time.
struct Reader {
  Database database;
  Statement one;
  Statement three;
  Statement mark;

  static Result<Reader> open(const std::string& path, Missing missing, Deadline deadline) {
    ICM_TRY(Database database, open_store(path, Database::Access::read, missing, deadline));
    ICM_TRY(Statement one, database.prepare(one_address));
    ICM_TRY(Statement three, database.prepare(three_addresses));
    ICM_TRY(Statement mark, database.prepare(hash_key_mark_sql));
    return Reader{std::move(database), std::move(one), std::move(three), std::move(mark)};
  }

  // In one moment with the entries: whoever hashes the list changes both at once.
  Result<std::vector<Suppression>> candidates(const AddressForms& forms,
                                              const AddressQuestion& question) {
    ICM_CHECK(database.execute("BEGIN"));
    Result<std::vector<Suppression>> found = look_up(forms, question.stored());
    if (!found) return found;  // the caller drops the connection and with it the transaction
    ICM_CHECK(database.execute("COMMIT"));
    return found;
  }

  Result<std::vector<Suppression>> look_up(const AddressForms& forms,
                                           const std::vector<std::string>& addresses) {
    ICM_CHECK(check_hash_key(mark, database.path(), forms));
    const int asked = static_cast<int>(addresses.size());
    Query query = asked <= most_forms ? one.query() : three.query();
    for (int i = 0; i < asked; ++i) query.bind(i + 1, addresses[static_cast<std::size_t>(i)]);
    for (int i = asked; i < (asked <= most_forms ? 1 : 3) * most_forms; ++i) {
      query.bind_null(i + 1);  // which no address is
    }
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

SqliteSuppressionList::SqliteSuppressionList(std::shared_ptr<const Pool> pool, AddressForms forms)
    : pool_(std::move(pool)), forms_(std::move(forms)) {}

Result<std::unique_ptr<SqliteSuppressionList>> SqliteSuppressionList::open(const std::string& path,
                                                                           Missing missing,
                                                                           Deadline deadline,
                                                                           AddressForms forms) {
  ICM_TRY(Reader first, Reader::open(path, missing, deadline));
  // What cannot be read is asked again with each lookup, and answers with its Error.
  const Status mark = check_hash_key(first.mark, path, forms);
  if (!mark && is_other_hash_key(mark.error())) return tl::make_unexpected(mark.error());
  auto pool = std::make_shared<const Pool>(path, std::move(first));
  return std::unique_ptr<SqliteSuppressionList>(
      new SqliteSuppressionList(std::move(pool), std::move(forms)));
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
  const AddressQuestion question(forms_, mailbox, siblings);
  ICM_TRY(std::vector<Suppression> candidates, lease.reader().candidates(forms_, question));
  // Not reached after an Error: a connection that failed is not used again.
  lease.keep();
  return entries_in_force(question.named(std::move(candidates)), mailbox, scopes, siblings, now);
}

}  // namespace icm
