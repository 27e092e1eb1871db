// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_ledger.h"

#include <algorithm>

#include "policy/store/entry_rows.h"
#include "policy/store/hash_key_mark.h"
#include "policy/store/ledger_rows.h"
#include "policy/store/reader_pool.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

constexpr std::string_view subscriptions_of =
    "SELECT " ICM_LEDGER_COLUMNS " FROM subscription WHERE address = ?1";

// Who left and was taken off the list by somebody's word. What was undone is not among them: it was
// never a wish.
constexpr std::string_view departures_of =
    "SELECT past.scope, coalesce(past.confirmed, past.created) FROM past JOIN deed ON deed.id = "
    "past.ended_by "
    "WHERE past.address = ?1 AND past.reason IN ('unsubscribe', 'complaint') "
    "AND deed.what = 'remove'";

struct LedgerReader {
  Database database;
  Statement subscriptions;
  Statement departures;
  Statement mark;

  static Result<LedgerReader> open(const std::string& path, Missing missing, Deadline deadline) {
    ICM_TRY(Database database, open_store(path, Database::Access::read, missing, deadline));
    ICM_TRY(Statement subscriptions, database.prepare(subscriptions_of));
    ICM_TRY(Statement departures, database.prepare(departures_of));
    ICM_TRY(Statement mark, database.prepare(hash_key_mark_sql));
    return LedgerReader{std::move(database), std::move(subscriptions), std::move(departures),
                        std::move(mark)};
  }

  // `is_asked` says of a scope whether it is one of those asked for. In one moment: whoever hashes
  // the store changes all of it at once.
  template <class IsAsked>
  Result<Standing> standing(const AddressForms& forms, const std::string& key, IsAsked is_asked) {
    ICM_CHECK(database.execute("BEGIN"));
    Result<Standing> found = look_up(forms, key, is_asked);
    if (!found) return found;  // the caller drops the connection and with it the transaction
    ICM_CHECK(database.execute("COMMIT"));
    return found;
  }

  template <class IsAsked>
  Result<Standing> look_up(const AddressForms& forms, const std::string& key, IsAsked is_asked) {
    ICM_CHECK(check_hash_key(mark, database.path(), forms));
    const std::vector<std::string> addresses = forms.of_ledger(key);
    std::vector<Subscription> found;
    for (const std::string& address : addresses) {
      Query rows = subscriptions.query();
      rows.bind(1, address);
      for (;;) {
        ICM_TRY(const bool is_row, rows.step());
        if (!is_row) break;
        if (is_asked(rows.text(1))) found.push_back(subscription_of_row(rows));
      }
    }
    Standing standing = standing_of(found);
    for (const std::string& address : addresses) {
      Query left = departures.query();
      left.bind(1, address);
      for (;;) {
        ICM_TRY(const bool is_row, left.step());
        if (!is_row) break;
        if (!is_asked(left.text(0))) continue;
        const WallTime time = time_of_store(left.number(1));
        if (!standing.left || time > *standing.left) standing.left = time;
      }
    }
    return standing;
  }
};

}  // namespace

class SqliteLedger::Pool : public ReaderPool<LedgerReader> {
 public:
  using ReaderPool::ReaderPool;
};

Result<std::unique_ptr<SqliteLedger>> SqliteLedger::open(const std::string& path, Deadline deadline,
                                                         AddressForms forms) {
  ICM_TRY(LedgerReader first, LedgerReader::open(path, Missing::refuse, deadline));
  ICM_CHECK(check_hash_key(first.mark, path, forms));
  auto pool = std::make_shared<const Pool>(path, std::move(first));
  return std::unique_ptr<SqliteLedger>(new SqliteLedger(std::move(pool), std::move(forms)));
}

Result<Standing> SqliteLedger::find(const Mailbox& mailbox, const std::vector<std::string>& scopes,
                                    Deadline deadline) const {
  if (deadline.passed()) {
    return fail(Code::temporary, fmt::format("{}: no time left to ask the ledger", pool_->path()));
  }
  ICM_TRY(Pool::Lease lease, pool_->lease(deadline));
  const auto is_asked = [&](std::string_view scope) {
    return scope == "global" || std::ranges::find(scopes, scope) != scopes.end();
  };
  ICM_TRY(Standing standing, lease.reader().standing(forms_, mailbox.key(), is_asked));
  // Not reached after an Error: a connection that failed is not used again.
  lease.keep();
  return standing;
}

}  // namespace icm
