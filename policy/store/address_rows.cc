// SPDX-License-Identifier: Apache-2.0
#include "policy/store/address_rows.h"

#include <algorithm>

#include "policy/store/entry_rows.h"

namespace icm {
namespace {

#define ICM_VERSION_COLUMNS ICM_ENTRY_COLUMNS ", added_by, confirmations"
#define ICM_VERSION_PARAMETERS ICM_ENTRY_PARAMETERS ", ?15, ?16"

constexpr std::string_view standing_sql = "SELECT " ICM_VERSION_COLUMNS
                                          ", 0 FROM suppression WHERE address = ?1 ORDER BY scope, "
                                          "reason";
constexpr std::string_view past_sql =
    "SELECT " ICM_VERSION_COLUMNS ", ended_by FROM past WHERE address = ?1 ORDER BY id DESC";
constexpr std::string_view insert_sql =
    "INSERT INTO suppression (" ICM_VERSION_COLUMNS ") VALUES (" ICM_VERSION_PARAMETERS
    ") ON CONFLICT DO NOTHING";
constexpr std::string_view replace_sql =
    "REPLACE INTO suppression (" ICM_VERSION_COLUMNS ") VALUES (" ICM_VERSION_PARAMETERS ")";
constexpr std::string_view remove_sql =
    "DELETE FROM suppression WHERE address = ?1 AND scope = ?2 AND reason = ?3";
constexpr std::string_view keep_sql =
    "INSERT INTO past (" ICM_VERSION_COLUMNS ", ended_by) VALUES (" ICM_VERSION_PARAMETERS ", ?17)";
// What was said when one address was added or removed is about that address.
constexpr std::string_view forget_causes_sql =
    "UPDATE deed SET why = '' WHERE what IN ('add', 'remove') AND id IN ("
    "SELECT added_by FROM suppression WHERE address = ?1 UNION "
    "SELECT added_by FROM past WHERE address = ?1 UNION "
    "SELECT ended_by FROM past WHERE address = ?1)";
constexpr std::string_view forget_past_sql = "DELETE FROM past WHERE address = ?1";
constexpr std::string_view forget_subscriptions_sql = "DELETE FROM subscription WHERE address = ?1";

const Version* of_same_key(const std::vector<Version>& versions, const Suppression& entry) {
  const auto found = std::ranges::find_if(versions, [&](const Version& one) {
    return one.entry.scope == entry.scope && one.entry.reason == entry.reason;
  });
  return found == versions.end() ? nullptr : &*found;
}

// `confirmations` must live until the query ends.
Query& bind_version(Query& query, const Version& version, const std::string& confirmations) {
  bind_entry(query, version.entry);
  query.bind(behind_entry, version.added_by);
  return confirmations.empty() ? query.bind_null(behind_entry + 1)
                               : query.bind(behind_entry + 1, confirmations);
}

Status run_with(Query query, const Version& version) {
  const std::string confirmations = text_of(version.confirmations);
  return bind_version(query, version, confirmations).run();
}

}  // namespace

Result<AddressRows> AddressRows::prepare(Database& database) {
  ICM_TRY(Statement standing_statement, database.prepare(standing_sql));
  ICM_TRY(Statement past_statement, database.prepare(past_sql));
  ICM_TRY(Statement insert_statement, database.prepare(insert_sql));
  ICM_TRY(Statement replace_statement, database.prepare(replace_sql));
  ICM_TRY(Statement remove_statement, database.prepare(remove_sql));
  ICM_TRY(Statement keep_statement, database.prepare(keep_sql));
  ICM_TRY(Statement causes_statement, database.prepare(forget_causes_sql));
  ICM_TRY(Statement forget_statement, database.prepare(forget_past_sql));
  ICM_TRY(Statement subscriptions_statement, database.prepare(forget_subscriptions_sql));
  return AddressRows(database, {.standing = std::move(standing_statement),
                                .past = std::move(past_statement),
                                .insert = std::move(insert_statement),
                                .replace = std::move(replace_statement),
                                .remove = std::move(remove_statement),
                                .keep = std::move(keep_statement),
                                .forget_causes = std::move(causes_statement),
                                .forget_past = std::move(forget_statement),
                                .forget_subscriptions = std::move(subscriptions_statement)});
}

Result<std::vector<Version>> AddressRows::versions(Query query) const {
  std::vector<Version> all;
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return all;
    ICM_TRY(Suppression entry, entry_of_row(query, database_->path()));
    all.push_back({.entry = std::move(entry),
                   .added_by = query.number(entry_columns),
                   .ended_by = query.number(entry_columns + 2),
                   .confirmations = confirmations_of(query.text(entry_columns + 1))});
  }
}

Result<std::vector<Version>> AddressRows::standing(const std::string& address) {
  Query query = statements_.standing.query();
  query.bind(1, address);
  return versions(std::move(query));
}

Result<std::vector<Version>> AddressRows::past(const std::string& address) {
  Query query = statements_.past.query();
  query.bind(1, address);
  return versions(std::move(query));
}

Result<bool> AddressRows::insert(const Version& version) {
  ICM_CHECK(run_with(statements_.insert.query(), version));
  return database_->changes() == 1;
}

Status AddressRows::forget_past(const std::string& address) {
  ICM_CHECK(statements_.forget_causes.query().bind(1, address).run());
  ICM_CHECK(statements_.forget_past.query().bind(1, address).run());
  return statements_.forget_subscriptions.query().bind(1, address).run();
}

Status AddressRows::change(const AddressChange& change) {
  if (change.forgets_past) ICM_CHECK(forget_past(change.address));
  for (const Version& version : change.standing) {
    const Suppression& entry = version.entry;
    if (of_same_key(change.next, entry) != nullptr) continue;
    ICM_CHECK(statements_.remove.query()
                  .bind(1, entry.address)
                  .bind(2, entry.scope)
                  .bind(3, to_string(entry.reason))
                  .run());
  }
  for (const Version& version : change.next) {
    const Version* known = of_same_key(change.standing, version.entry);
    if (known != nullptr && *known == version) continue;
    ICM_CHECK(run_with(statements_.replace.query(), version));
  }
  for (const Version& version : change.ended) {
    const std::string confirmations = text_of(version.confirmations);
    Query query = statements_.keep.query();
    ICM_CHECK(
        bind_version(query, version, confirmations).bind(behind_entry + 2, version.ended_by).run());
  }
  return {};
}

}  // namespace icm
