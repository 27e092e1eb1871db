// SPDX-License-Identifier: Apache-2.0
//
// The history of an entry is a chain: each version says which deed made it (added_by), and each
// past one which deed ended it (ended_by). The version that another one replaced is the past one
// that was ended by the deed which made the other.
//
// An entry belongs to the batch when its standing version does. From there the chain is followed
// back through versions of the batch to the first one that is not: that one stands again. When a
// version of the batch stands no more, or somebody else's version carries its evidence on, the
// entry was touched by somebody else and is left alone.
#include "policy/store/suppression_undo.h"

#include <optional>

#include "policy/store/book_change.h"
#include "policy/store/entry_rows.h"

namespace icm {
namespace {

struct Version {
  Suppression entry;
  std::int64_t added_by = 0;
  std::int64_t ended_by = 0;
};

// The condition under which a row looks like one of the batch; ?1 to ?3 are bound by bind_batch().
std::string_view looks_of(const Batch& batch) {
  return batch.import ? "added_by = ?1 AND ?2 IS NULL AND ?3 IS NULL"
                      : "pattern = ?1 AND last_seen >= ?2 AND last_seen < ?3";
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

bool looks_like(const Version& version, const Batch& batch) {
  if (batch.import) return version.added_by == *batch.import;
  const std::optional<Evidence>& evidence = version.entry.evidence;
  return evidence && evidence->pattern == batch.pattern && evidence->last_seen >= batch.since &&
         evidence->last_seen < batch.until;
}

enum class Way { remove, restore, leave };

class Undo {
 public:
  static Result<Undo> prepare(Database& database, const Batch& batch, BookChange& change) {
    ICM_TRY(Statement past, database.prepare("SELECT " ICM_ENTRY_COLUMNS
                                             ", added_by, ended_by FROM past WHERE address = ?1 "
                                             "AND scope = ?2 AND reason = ?3 ORDER BY id DESC"));
    ICM_TRY(Statement keep,
            database.prepare("INSERT INTO past (" ICM_ENTRY_COLUMNS
                             ", added_by, ended_by) SELECT " ICM_ENTRY_COLUMNS
                             ", added_by, ?4 FROM suppression WHERE address = ?1 AND scope = ?2 "
                             "AND reason = ?3"));
    ICM_TRY(Statement remove, database.prepare("DELETE FROM suppression WHERE address = ?1 AND "
                                               "scope = ?2 AND reason = ?3"));
    ICM_TRY(Statement restore, database.prepare("INSERT INTO suppression (" ICM_ENTRY_COLUMNS
                                                ", added_by) VALUES (" ICM_ENTRY_PARAMETERS
                                                ", " ICM_BEHIND_ENTRY ")"));
    return Undo(database, batch, change, std::move(past), std::move(keep), std::move(remove),
                std::move(restore));
  }

  Result<UndoCount> run() {
    ICM_TRY(UndoCount counts, count_gone());
    ICM_TRY(Statement standing,
            database_->prepare(fmt::format("CREATE TEMP TABLE undone AS SELECT " ICM_ENTRY_COLUMNS
                                           ", added_by FROM suppression WHERE {}",
                                           looks_of(batch_))));
    {
      Query query = standing.query();
      bind_batch(query, batch_);
      ICM_CHECK(query.run());
    }
    ICM_TRY(Statement all,
            database_->prepare("SELECT " ICM_ENTRY_COLUMNS ", added_by FROM temp.undone"));
    Query rows = all.query();
    for (;;) {
      ICM_TRY(const bool is_row, rows.step());
      if (!is_row) return counts;
      ICM_TRY(Suppression entry, entry_of_row(rows, database_->path()));
      ICM_CHECK(undo({std::move(entry), rows.number(entry_columns), 0}, counts));
    }
  }

 private:
  Undo(Database& database, const Batch& batch, BookChange& change, Statement past, Statement keep,
       Statement remove, Statement restore)
      : database_(&database),
        batch_(batch),
        change_(&change),
        past_(std::move(past)),
        keep_(std::move(keep)),
        remove_(std::move(remove)),
        restore_(std::move(restore)) {}

  // Entries of the batch that have no standing version which looks like it, but for those whose
  // last one was ended by an earlier undoing.
  Result<UndoCount> count_gone() {
    ICM_TRY(Statement statement,
            database_->prepare(fmt::format(
                "SELECT count(*) FROM (SELECT address AS a, scope AS s, reason AS r, max(id) AS "
                "newest FROM past WHERE {0} GROUP BY 1, 2, 3) JOIN past p ON p.id = newest JOIN "
                "deed d ON d.id = p.ended_by WHERE d.what <> 'undo' AND NOT EXISTS (SELECT 1 FROM "
                "suppression WHERE address = a AND scope = s AND reason = r AND {0})",
                looks_of(batch_))));
    Query query = statement.query();
    bind_batch(query, batch_);
    ICM_CHECK(query.step());
    return UndoCount{
        .removed = 0, .restored = 0, .left = static_cast<std::uint64_t>(query.number(0))};
  }

  Result<std::vector<Version>> past_of(const Suppression& entry) {
    Query query = past_.query();
    query.bind(1, entry.address).bind(2, entry.scope).bind(3, to_string(entry.reason));
    std::vector<Version> versions;
    for (;;) {
      ICM_TRY(const bool is_row, query.step());
      if (!is_row) return versions;
      ICM_TRY(Suppression past, entry_of_row(query, database_->path()));
      versions.push_back(
          {std::move(past), query.number(entry_columns), query.number(entry_columns + 1)});
    }
  }

  // `before` is what stood before the batch, when the way is to restore it.
  Result<Way> way_back(const Version& standing, Version& before) {
    ICM_TRY(std::vector<Version> versions, past_of(standing.entry));
    const Version* newer = &standing;
    for (const Version& version : versions) {
      if (version.ended_by != newer->added_by) continue;
      // Who made the newer one brought no evidence of his own: it is somebody else's word.
      if (!batch_.import && version.entry.evidence == newer->entry.evidence) return Way::leave;
      newer = &version;
      if (looks_like(version, batch_)) continue;
      before = version;
      return Way::restore;
    }
    return Way::remove;
  }

  Status undo(const Version& standing, UndoCount& counts) {
    Version before;
    ICM_TRY(const Way way, way_back(standing, before));
    if (way == Way::leave) {
      ++counts.left;
      return {};
    }
    const Suppression& entry = standing.entry;
    const std::string_view reason = to_string(entry.reason);
    ICM_CHECK(change_->note(entry.address));
    {
      Query query = keep_.query();
      query.bind(1, entry.address).bind(2, entry.scope).bind(3, reason).bind(4, change_->deed());
      ICM_CHECK(query.run());
    }
    {
      Query query = remove_.query();
      ICM_CHECK(query.bind(1, entry.address).bind(2, entry.scope).bind(3, reason).run());
    }
    ++(way == Way::remove ? counts.removed : counts.restored);
    if (way == Way::remove) return {};
    Query query = restore_.query();
    bind_entry(query, before.entry);
    return query.bind(behind_entry, before.added_by).run();
  }

  Database* database_;
  const Batch& batch_;
  BookChange* change_;
  Statement past_;
  Statement keep_;
  Statement remove_;
  Statement restore_;
};

Status check_import(Database& database, std::int64_t import) {
  ICM_TRY(Statement statement,
          database.prepare("SELECT 1 FROM deed WHERE id = ?1 AND what = 'import'"));
  Query query = statement.query();
  ICM_TRY(const bool is_known, query.bind(1, import).step());
  if (is_known) return {};
  return fail(Code::permanent, fmt::format("{}: there is no import {}", database.path(), import));
}

}  // namespace

Result<UndoCount> undo_batch(Database& database, const Batch& batch, const Deed& deed,
                             Undoing undoing) {
  if (batch.import) ICM_CHECK(check_import(database, *batch.import));
  ICM_TRY(BookChange change, BookChange::begin(database, deed));
  ICM_TRY(Undo undo, Undo::prepare(database, batch, change));
  ICM_TRY(const UndoCount counts, undo.run());
  ICM_CHECK(database.execute("DROP TABLE temp.undone"));
  const bool is_any = counts.removed + counts.restored > 0;
  if (undoing == Undoing::for_good && is_any) ICM_CHECK(change.commit());
  return counts;  // what was not committed is rolled back
}

}  // namespace icm
