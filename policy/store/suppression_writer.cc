// SPDX-License-Identifier: Apache-2.0
#include "policy/store/suppression_writer.h"

#include "policy/store/book_change.h"
#include "policy/store/entry_merge.h"
#include "policy/store/entry_rows.h"
#include "policy/store/store_file.h"
#include "policy/store/suppression_undo.h"

namespace icm {
namespace {

constexpr std::string_view chosen =
    " FROM suppression WHERE address = ?1 AND (?2 IS NULL OR scope = ?2) AND (?3 IS NULL OR reason "
    "= ?3)";

// ?1 to ?3 of `chosen`.
void bind_choice(Query& query, const EntryChoice& choice) {
  query.bind(1, choice.address);
  if (choice.scope) {
    query.bind(2, *choice.scope);
  } else {
    query.bind_null(2);
  }
  if (choice.reason) {
    query.bind(3, to_string(*choice.reason));
  } else {
    query.bind_null(3);
  }
}

Result<std::vector<Suppression>> entries_chosen(Database& database, const EntryChoice& choice) {
  ICM_TRY(Statement statement,
          database.prepare(fmt::format("SELECT " ICM_ENTRY_COLUMNS "{}", chosen)));
  Query query = statement.query();
  bind_choice(query, choice);
  std::vector<Suppression> entries;
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return entries;
    ICM_TRY(Suppression entry, entry_of_row(query, database.path()));
    entries.push_back(std::move(entry));
  }
}

Status run_on_chosen(Database& database, std::string_view sql, const EntryChoice& choice,
                     std::optional<std::int64_t> deed) {
  ICM_TRY(Statement statement, database.prepare(sql));
  Query query = statement.query();
  bind_choice(query, choice);
  if (deed) query.bind(4, *deed);
  return query.run();
}

}  // namespace

Result<SuppressionWriter> SuppressionWriter::open(const std::string& path, Missing missing,
                                                  Deadline deadline) {
  ICM_TRY(Database database, open_store(path, Database::Access::write, missing, deadline));
  return SuppressionWriter(std::move(database));
}

Result<Outcome> SuppressionWriter::add(const Suppression& entry, const Deed& deed) {
  ICM_CHECK(check_entry(entry));
  ICM_TRY(EntryMerge merge, EntryMerge::prepare(database_));
  ICM_TRY(BookChange change, BookChange::begin(database_, deed));
  ICM_TRY(const Outcome outcome, merge.put(entry, change.deed(), deed.at));
  if (outcome == Outcome::unchanged) return outcome;  // rolled back, the deed with it
  ICM_CHECK(change.note(entry.address));
  ICM_CHECK(change.commit());
  return outcome;
}

Result<std::vector<Suppression>> SuppressionWriter::remove(const EntryChoice& choice,
                                                           const Deed& deed) {
  ICM_TRY(BookChange change, BookChange::begin(database_, deed));
  ICM_TRY(std::vector<Suppression> entries, entries_chosen(database_, choice));
  if (entries.empty()) return entries;
  ICM_CHECK(check_removal(entries, deed));
  ICM_CHECK(
      run_on_chosen(database_,
                    fmt::format("INSERT INTO past (" ICM_ENTRY_COLUMNS ", added_by, ended_by) "
                                "SELECT " ICM_ENTRY_COLUMNS ", added_by, ?4{}",
                                chosen),
                    choice, change.deed()));
  ICM_CHECK(run_on_chosen(database_, fmt::format("DELETE{}", chosen), choice, {}));
  for (const Suppression& entry : entries) ICM_CHECK(change.note(entry.address));
  ICM_CHECK(change.commit());
  return entries;
}

Result<UndoCount> SuppressionWriter::undo(const Batch& batch, const Deed& deed, Undoing undoing) {
  ICM_CHECK(check_undoing(deed));
  return undo_batch(database_, batch, deed, undoing);
}

}  // namespace icm
