// SPDX-License-Identifier: Apache-2.0
#include "policy/store/suppression_undo.h"

#include "policy/store/address_rows.h"
#include "policy/store/book_change.h"
#include "policy/store/entry_rows.h"

namespace icm {
namespace {

// The addresses where a row looks like one of the batch; ?1 to ?3 are bound by bind_batch().
std::string addresses_of(const Batch& batch) {
  if (batch.import) {
    return "SELECT address FROM suppression WHERE (added_by = ?1 OR ' ' || confirmations LIKE '% ' "
           "|| ?1 || '@%') AND ?2 IS NULL AND ?3 IS NULL UNION SELECT address FROM past WHERE "
           "added_by = ?1";
  }
  constexpr std::string_view looks = "pattern = ?1 AND last_seen >= ?2 AND last_seen < ?3";
  return fmt::format(
      "SELECT address FROM suppression WHERE {0} UNION SELECT address FROM past WHERE {0}", looks);
}

void bind_batch(Query& query, const Batch& batch) {
  if (batch.import) {
    query.bind(1, *batch.import).bind_null(2).bind_null(3);
  } else {
    query.bind(1, batch.pattern)
        .bind(2, stored_time(batch.since))
        .bind(3, stored_time(batch.until));
  }
}

Status check_import(Database& database, std::int64_t import) {
  ICM_TRY(Statement statement,
          database.prepare("SELECT 1 FROM deed WHERE id = ?1 AND what = 'import'"));
  Query query = statement.query();
  ICM_TRY(const bool is_known, query.bind(1, import).step());
  return is_known ? Status() : no_such_import(database.path(), import);
}

// Collected first: the tables are changed meanwhile.
Status collect(Database& database, const Batch& batch) {
  ICM_TRY(Statement statement,
          database.prepare(fmt::format("CREATE TEMP TABLE undone AS {}", addresses_of(batch))));
  Query query = statement.query();
  bind_batch(query, batch);
  return query.run();
}

Result<UndoCount> undo_collected(Database& database, const Batch& batch, BookChange& change) {
  ICM_TRY(AddressRows rows, AddressRows::prepare(database));
  ICM_TRY(Statement undoings,
          database.prepare("SELECT 1 FROM deed WHERE id = ?1 AND what = 'undo'"));
  const auto is_undoing = [&](std::int64_t deed) -> Result<bool> {
    Query query = undoings.query();
    return query.bind(1, deed).step();
  };
  ICM_TRY(Statement all, database.prepare("SELECT address FROM temp.undone"));
  Query addresses = all.query();
  UndoCount counts;
  for (;;) {
    ICM_TRY(const bool is_row, addresses.step());
    if (!is_row) return counts;
    const std::string address(addresses.text(0));
    ICM_TRY(std::vector<Version> standing, rows.standing(address));
    ICM_TRY(const std::vector<Version> past, rows.past(address));
    AddressChange made = AddressChange::of(address, std::move(standing));
    ICM_CHECK(undo_at(made, past, batch, change.deed(), is_undoing, counts));
    if (!made.is_any()) continue;
    ICM_CHECK(change.note(address));
    ICM_CHECK(rows.change(made));
  }
}

}  // namespace

Result<UndoCount> undo_batch(Database& database, const Batch& batch, const Deed& deed,
                             Undoing undoing) {
  if (batch.import) ICM_CHECK(check_import(database, *batch.import));
  ICM_TRY(BookChange change, BookChange::begin(database, deed));
  ICM_CHECK(collect(database, batch));
  ICM_TRY(const UndoCount counts, undo_collected(database, batch, change));
  ICM_CHECK(database.execute("DROP TABLE temp.undone"));
  const bool is_any = counts.removed + counts.restored > 0;
  if (undoing == Undoing::for_good && is_any) ICM_CHECK(change.commit());
  return counts;  // what was not committed is rolled back
}

}  // namespace icm
