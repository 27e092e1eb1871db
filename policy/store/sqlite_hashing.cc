// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_hashing.h"

#include <algorithm>
#include <vector>

#include "policy/store/address_rows.h"
#include "policy/store/entry_rows.h"
#include "policy/store/hash_key_mark.h"
#include "policy/store/ledger_merge.h"
#include "policy/store/ledger_rows.h"
#include "policy/store/store_backup.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

// Forms under a key begin with "hmac:", and nothing else does.
#define ICM_IS_UNHASHED "(address < 'hmac:' OR address >= 'hmac;')"
// In ranges of the table's key, or of its index: nothing is read where nothing is left.
#define ICM_COUNT_UNHASHED(table) \
  "(SELECT count(*) FROM " table  \
  " WHERE address < 'hmac:') +"   \
  "(SELECT count(*) FROM " table " WHERE address >= 'hmac;')"

constexpr std::string_view count_unhashed = "SELECT " ICM_COUNT_UNHASHED(
    "suppression") " + " ICM_COUNT_UNHASHED("past") " + " ICM_COUNT_UNHASHED("subscription");

// Hashed addresses come in no order; sorted, each page of the store is written once.
constexpr std::string_view make_stage =
    "PRAGMA cache_size = -65536;"
    "CREATE TEMP TABLE hashed AS SELECT * FROM suppression WHERE false";
constexpr std::string_view stage_entry =
    "INSERT INTO temp.hashed (" ICM_ENTRY_COLUMNS
    ", added_by, confirmations) VALUES (" ICM_ENTRY_PARAMETERS ", ?15, ?16)";
constexpr std::string_view staged_entries =
    "SELECT " ICM_ENTRY_COLUMNS
    ", added_by, confirmations FROM temp.hashed ORDER BY address, scope, reason";
constexpr std::string_view unhashed_entries =
    "SELECT " ICM_ENTRY_COLUMNS ", added_by, confirmations FROM suppression WHERE " ICM_IS_UNHASHED;

constexpr std::uint64_t report_every = 10000;
constexpr std::size_t page = 1000;
constexpr std::chrono::seconds wait_for_readers{10};

Version version_of_row(const Query& row, Suppression entry) {
  return {.entry = std::move(entry),
          .added_by = row.number(entry_columns),
          .confirmations = confirmations_of(row.text(entry_columns + 1))};
}

// One run, within a transaction.
class Run {
 public:
  Run(Database& database, const AddressForms& forms, const Deed& deed,
      const std::function<void(std::uint64_t)>& progress)
      : database_(database), forms_(forms), deed_(deed), progress_(progress) {}

  Status all() {
    ICM_CHECK(stage_entries());
    ICM_CHECK(database_.execute("DELETE FROM suppression WHERE " ICM_IS_UNHASHED));
    ICM_CHECK(put_entries());
    ICM_CHECK(past());
    ICM_CHECK(subscriptions());
    ICM_CHECK(words_of_deeds());
    // Which addresses were changed last; whoever follows reads all of the list again.
    ICM_CHECK(database_.execute("DELETE FROM change"));
    return keep_hash_key(database_, forms_);
  }

  std::uint64_t done() const { return done_; }

 private:
  void count() {
    if (++done_ % report_every == 0) progress_(done_);
  }

  Status stage_entries() {
    ICM_CHECK(database_.execute(make_stage));
    ICM_TRY(Statement put, database_.prepare(stage_entry));
    ICM_TRY(Statement unhashed, database_.prepare(unhashed_entries));
    Query rows = unhashed.query();
    for (;;) {
      ICM_TRY(const bool is_row, rows.step());
      if (!is_row) return {};
      ICM_TRY(Suppression entry, entry_of_row(rows, database_.path()));
      const Suppression hashed = as_stored(forms_, std::move(entry));
      const std::string confirmations(rows.text(entry_columns + 1));
      Query query = put.query();
      bind_entry(query, hashed);
      query.bind(behind_entry, rows.number(entry_columns));
      ICM_CHECK((confirmations.empty() ? query.bind_null(behind_entry + 1)
                                       : query.bind(behind_entry + 1, confirmations))
                    .run());
    }
  }

  Status put_entries() {
    ICM_TRY(AddressRows rows, AddressRows::prepare(database_));
    ICM_TRY(Statement staged, database_.prepare(staged_entries));
    Query row = staged.query();
    for (;;) {
      ICM_TRY(const bool is_row, row.step());
      if (!is_row) return {};
      ICM_TRY(Suppression entry, entry_of_row(row, database_.path()));
      const std::string address = entry.address;
      ICM_TRY(std::vector<Version> standing, rows.standing(address));
      AddressChange change = AddressChange::of(address, std::move(standing));
      move_version(change, version_of_row(row, std::move(entry)), deed_.at);
      ICM_CHECK(rows.change(change));
      count();
    }
  }

  Status past() {
    ICM_TRY(Statement select,
            database_.prepare("SELECT id, address, source, note, reply FROM past "
                              "WHERE id > ?1 AND " ICM_IS_UNHASHED " ORDER BY id LIMIT 1000"));
    ICM_TRY(Statement update,
            database_.prepare("UPDATE past SET address = ?2, source = ?3, note = ?4, "
                              "reply = iif(reply IS NULL, NULL, ?5) WHERE id = ?1"));
    struct Row {
      std::int64_t id;
      std::string address, source, note, reply;
    };
    for (std::int64_t last = 0;;) {
      std::vector<Row> some;
      {
        Query rows = select.query();
        rows.bind(1, last);
        for (;;) {
          ICM_TRY(const bool is_row, rows.step());
          if (!is_row) break;
          some.push_back(
              {rows.number(0), forms_.stored(rows.text(1)), without_addresses(forms_, rows.text(2)),
               without_addresses(forms_, rows.text(3)), without_addresses(forms_, rows.text(4))});
        }
      }
      for (const Row& row : some) {
        ICM_CHECK(update.query()
                      .bind(1, row.id)
                      .bind(2, row.address)
                      .bind(3, row.source)
                      .bind(4, row.note)
                      .bind(5, row.reply)
                      .run());
        last = row.id;
        count();
      }
      if (some.size() < page) return {};
    }
  }

  Status subscriptions() {
    ICM_TRY(LedgerMerge merge, LedgerMerge::prepare(database_));
    ICM_TRY(Statement select,
            database_.prepare("SELECT " ICM_LEDGER_COLUMNS
                              " FROM subscription WHERE " ICM_IS_UNHASHED " LIMIT 1000"));
    ICM_TRY(Statement remove,
            database_.prepare("DELETE FROM subscription WHERE address = ?1 AND scope = ?2"));
    for (;;) {
      std::vector<Subscription> some;
      {
        Query rows = select.query();
        for (;;) {
          ICM_TRY(const bool is_row, rows.step());
          if (!is_row) break;
          some.push_back(subscription_of_row(rows));
        }
      }
      for (Subscription& one : some) {
        ICM_CHECK(remove.query().bind(1, one.address).bind(2, one.scope).run());
        one.address = forms_.stored(one.address);
        one.source = without_addresses(forms_, one.source);
        ICM_CHECK(merge.put(one));
        count();
      }
      if (some.size() < page) return {};
    }
  }

  Status words_of_deeds() {
    ICM_TRY(Statement select,
            database_.prepare("SELECT id, who, why FROM deed WHERE id > ?1 AND "
                              "(who LIKE '%@%' OR why LIKE '%@%') ORDER BY id LIMIT 1"));
    ICM_TRY(Statement update,
            database_.prepare("UPDATE deed SET who = ?2, why = ?3 WHERE id = ?1"));
    for (std::int64_t last = 0;;) {
      std::string who, why;
      {
        Query row = select.query();
        ICM_TRY(const bool is_row, row.bind(1, last).step());
        if (!is_row) return {};
        last = row.number(0);
        who = without_addresses(forms_, row.text(1));
        why = without_addresses(forms_, row.text(2));
      }
      ICM_CHECK(update.query().bind(1, last).bind(2, who).bind(3, why).run());
    }
  }

  Database& database_;
  const AddressForms& forms_;
  const Deed& deed_;
  const std::function<void(std::uint64_t)>& progress_;
  std::uint64_t done_ = 0;
};

}  // namespace

Status SqliteHashing::keep_key(Deadline deadline) {
  {
    ICM_TRY(Database database,
            open_store(path_, Database::Access::read, Missing::refuse, deadline));
    ICM_CHECK(check_hash_key(database, forms_));
    ICM_TRY(const std::int64_t kept,
            database.number("SELECT count(*) FROM property WHERE name = 'hash-key'"));
    if (kept == 1) return {};
  }
  ICM_TRY(Database database, open_store(path_, Database::Access::write, Missing::refuse, deadline));
  ICM_TRY(Transaction transaction, Transaction::begin(database));
  ICM_CHECK(keep_hash_key(database, forms_));
  return transaction.commit();
}

Result<std::uint64_t> SqliteHashing::unhashed(Deadline deadline) {
  ICM_TRY(Database database, open_store(path_, Database::Access::read, Missing::refuse, deadline));
  ICM_CHECK(check_hash_key(database, forms_));
  ICM_TRY(const std::int64_t count, database.number(count_unhashed));
  return static_cast<std::uint64_t>(count);
}

Result<HashingReport> SqliteHashing::hash(const Deed& deed, Deadline deadline,
                                          const std::function<void(std::uint64_t)>& progress) {
  ICM_TRY(Database database, open_store(path_, Database::Access::write, Missing::refuse, deadline));
  ICM_CHECK(check_hash_key(database, forms_));
  HashingReport report;
  {
    ICM_TRY(BookChange change, BookChange::begin(database, as_stored(forms_, deed)));
    // What has been committed; nobody changes it meanwhile.
    ICM_TRY(report.backup, back_up_store(path_, "unhashed", deadline));
    Run run(database, forms_, deed, progress);
    ICM_CHECK(run.all());
    ICM_CHECK(change.commit());
    report.hashed = run.done();
  }
  // Addresses are gone from the store's pages; now from the write-ahead log, too, once nobody reads
  // in it any more.
  empty_log(database, Deadline::in(wait_for_readers));
  return report;
}

}  // namespace icm
