// SPDX-License-Identifier: Apache-2.0
#include "policy/store/entry_merge.h"

#include "policy/store/entry_rows.h"

namespace icm {
namespace {

constexpr std::string_view erased =
    "SELECT 1 FROM suppression WHERE reason = 'erasure' AND address = ?1";
constexpr std::string_view insert =
    "INSERT INTO suppression (" ICM_ENTRY_COLUMNS ", added_by) VALUES (" ICM_ENTRY_PARAMETERS
    ", " ICM_BEHIND_ENTRY ") ON CONFLICT DO NOTHING";
constexpr std::string_view known =
    "SELECT " ICM_ENTRY_COLUMNS
    " FROM suppression WHERE address = ?1 AND scope = ?2 AND reason = ?3";
constexpr std::string_view keep =
    "INSERT INTO past (" ICM_ENTRY_COLUMNS ", added_by, ended_by) SELECT " ICM_ENTRY_COLUMNS
    ", added_by, ?4 FROM suppression WHERE address = ?1 AND scope = ?2 AND reason = ?3";
constexpr std::string_view update =
    "UPDATE suppression SET source = ?4, note = ?5, created = ?6, expires = ?7, pattern = ?8, "
    "reply = ?9, queue_id = ?10, first_seen = ?11, last_seen = ?12, count = ?13, "
    "added_by = " ICM_BEHIND_ENTRY
    " "
    "WHERE address = ?1 AND scope = ?2 AND reason = ?3";
constexpr std::string_view forget_entries =
    "DELETE FROM suppression WHERE address = ?1 AND reason <> 'erasure'";
constexpr std::string_view forget_past = "DELETE FROM past WHERE address = ?1";
constexpr std::string_view forget_subscriptions = "DELETE FROM subscription WHERE address = ?1";

// ?1 to ?3, the key of an entry.
void bind_key(Query& query, const Suppression& entry) {
  query.bind(1, entry.address).bind(2, entry.scope).bind(3, to_string(entry.reason));
}

}  // namespace

Result<EntryMerge> EntryMerge::prepare(Database& database) {
  ICM_TRY(Statement erased_statement, database.prepare(erased));
  ICM_TRY(Statement insert_statement, database.prepare(insert));
  ICM_TRY(Statement known_statement, database.prepare(known));
  ICM_TRY(Statement keep_statement, database.prepare(keep));
  ICM_TRY(Statement update_statement, database.prepare(update));
  ICM_TRY(Statement forget_entries_statement, database.prepare(forget_entries));
  ICM_TRY(Statement forget_past_statement, database.prepare(forget_past));
  ICM_TRY(Statement forget_subscriptions_statement, database.prepare(forget_subscriptions));
  return EntryMerge(database, std::move(erased_statement), std::move(insert_statement),
                    std::move(known_statement), std::move(keep_statement),
                    std::move(update_statement), std::move(forget_entries_statement),
                    std::move(forget_past_statement), std::move(forget_subscriptions_statement));
}

Result<bool> EntryMerge::is_anybody_erased() {
  if (!anybody_erased_) {
    ICM_TRY(
        const std::int64_t found,
        database_->number("SELECT EXISTS (SELECT 1 FROM suppression WHERE reason = 'erasure')"));
    anybody_erased_ = found != 0;
  }
  return *anybody_erased_;
}

Result<bool> EntryMerge::is_erased(const Suppression& entry) {
  ICM_TRY(const bool anybody, is_anybody_erased());
  if (!anybody) return false;
  Query query = erased_.query();
  return query.bind(1, entry.address).step();
}

Status EntryMerge::forget(const Suppression& entry) {
  ICM_CHECK(forget_entries_.query().bind(1, entry.address).run());
  ICM_CHECK(forget_past_.query().bind(1, entry.address).run());
  return forget_subscriptions_.query().bind(1, entry.address).run();
}

// There is one of the same key.
Result<Outcome> EntryMerge::combine(const Suppression& entry, std::int64_t deed, WallTime now) {
  const auto read_known = [&]() -> Result<Suppression> {
    Query query = known_.query();
    bind_key(query, entry);
    ICM_CHECK(query.step());
    return entry_of_row(query, database_->path());
  };
  ICM_TRY(const Suppression before, read_known());
  const Suppression after = merged(before, entry, now);
  const Outcome outcome = outcome_of_merge(before, after, now);
  if (outcome == Outcome::unchanged) return outcome;
  Query keep_query = keep_.query();
  bind_key(keep_query, before);
  ICM_CHECK(keep_query.bind(4, deed).run());
  Query update_query = update_.query();
  bind_entry(update_query, after);
  ICM_CHECK(update_query.bind(behind_entry, deed).run());
  return outcome;
}

Result<Outcome> EntryMerge::put(const Suppression& entry, std::int64_t deed, WallTime now) {
  const bool is_erasure = entry.reason == SuppressionReason::erasure;
  if (!is_erasure) {
    ICM_TRY(const bool forgotten, is_erased(entry));
    if (forgotten) return Outcome::unchanged;
  }
  Suppression stored;
  if (is_erasure) {
    ICM_CHECK(forget(entry));
    anybody_erased_ = true;
    stored = entry;
    stored.note.clear();
    stored.evidence.reset();
  }
  const Suppression& given = is_erasure ? stored : entry;
  Query query = insert_.query();
  bind_entry(query, given);
  ICM_CHECK(query.bind(behind_entry, deed).run());
  if (database_->changes() == 1) return Outcome::added;
  return combine(given, deed, now);
}

}  // namespace icm
