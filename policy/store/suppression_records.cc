// SPDX-License-Identifier: Apache-2.0
#include "policy/store/suppression_records.h"

#include "policy/base/text.h"
#include "policy/store/entry_rows.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

#define ICM_DEED_COLUMNS(deed) deed ".what, " deed ".who, " deed ".at, " deed ".why"
#define ICM_RECORDED_COLUMNS                                                                   \
  "e.address, e.scope, e.reason, e.source, e.note, e.created, e.expires, e.pattern, e.reply, " \
  "e.queue_id, e.first_seen, e.last_seen, e.count, e.confirmed, " ICM_DEED_COLUMNS("a")

constexpr std::string_view standing_at =
    "SELECT " ICM_RECORDED_COLUMNS
    ", NULL, NULL, NULL, NULL FROM suppression e JOIN deed a ON a.id = e.added_by "
    "WHERE e.address = ?1 ORDER BY e.scope, e.reason";
constexpr std::string_view past_at = "SELECT " ICM_RECORDED_COLUMNS ", " ICM_DEED_COLUMNS(
    "b") " FROM past e JOIN deed a ON a.id = e.added_by JOIN deed b ON b.id = e.ended_by "
         "WHERE e.address = ?1 ORDER BY e.id DESC";

constexpr int deed_columns = 4;

// The table allows no other name.
Deed::Kind kind_of(std::string_view name) {
  for (const Deed::Kind kind : {Deed::Kind::add, Deed::Kind::import, Deed::Kind::remove,
                                Deed::Kind::undo, Deed::Kind::hash}) {
    if (name == to_string(kind)) return kind;
  }
  return Deed::Kind::add;
}

Deed deed_of_row(const Query& query, int first) {
  return {.kind = kind_of(query.text(first)),
          .who = std::string(query.text(first + 1)),
          .at = time_of_store(query.number(first + 2)),
          .why = std::string(query.text(first + 3))};
}

// The conditions of a filter; bind() gives them their values.
std::string conditions(const RecordFilter& filter) {
  std::string sql = filter.expiry == RecordFilter::Expiry::in_force
                        ? "(expires IS NULL OR expires > ?1)"
                        : "expires <= ?1";
  if (filter.reason) sql += " AND reason = ?2";
  if (filter.scope) sql += " AND scope = ?3";
  if (filter.domain) sql += " AND substr(address, -length(?4)) = ?4";
  if (filter.since) sql += " AND created >= ?5";
  return sql;
}

}  // namespace

Result<SuppressionRecords> SuppressionRecords::open(const std::string& path, Missing missing,
                                                    Deadline deadline) {
  ICM_TRY(Database database, open_store(path, Database::Access::read, missing, deadline));
  return SuppressionRecords(std::move(database));
}

Result<std::vector<Recorded>> SuppressionRecords::recorded(
    std::string_view sql, const std::vector<std::string>& addresses) {
  ICM_TRY(Statement statement, database_.prepare(sql));
  std::vector<Recorded> records;
  for (const std::string& address : addresses) {
    Query query = statement.query();
    query.bind(1, address);
    for (;;) {
      ICM_TRY(const bool is_row, query.step());
      if (!is_row) break;
      ICM_TRY(Suppression entry, entry_of_row(query, database_.path()));
      Recorded record{std::move(entry), deed_of_row(query, entry_columns), {}};
      const int end = entry_columns + deed_columns;
      if (!query.is_null(end)) record.ended = deed_of_row(query, end);
      records.push_back(std::move(record));
    }
  }
  return records;
}

Result<std::vector<Recorded>> SuppressionRecords::standing(
    const std::vector<std::string>& addresses) {
  return recorded(standing_at, addresses);
}

Result<std::vector<Recorded>> SuppressionRecords::past(const std::vector<std::string>& addresses) {
  return recorded(past_at, addresses);
}

Result<std::vector<ImportRecord>> SuppressionRecords::imports() {
  ICM_TRY(Statement statement, database_.prepare("SELECT id, entries, " ICM_DEED_COLUMNS(
                                   "deed") " FROM deed WHERE what = 'import' ORDER BY id DESC"));
  Query query = statement.query();
  std::vector<ImportRecord> records;
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return records;
    records.push_back(
        {.import = query.number(0),
         .deed = deed_of_row(query, 2),
         .entries = query.is_null(1) ? std::nullopt : std::optional(query.number(1))});
  }
}

Status SuppressionRecords::each(const RecordFilter& filter, WallTime now,
                                const std::function<void(const Suppression&)>& visit) {
  ICM_TRY(Statement statement,
          database_.prepare(fmt::format("SELECT " ICM_ENTRY_COLUMNS " FROM suppression WHERE {} "
                                        "ORDER BY address, scope, reason",
                                        conditions(filter))));
  const std::string at_domain = filter.domain ? "@" + filter.domain->text() : std::string();
  Query query = statement.query();
  query.bind(1, stored_time(now));
  if (filter.reason) query.bind(2, to_string(*filter.reason));
  if (filter.scope) query.bind(3, *filter.scope);
  if (filter.domain) query.bind(4, at_domain);
  if (filter.since) query.bind(5, stored_time(*filter.since));
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return {};
    ICM_TRY(const Suppression entry, entry_of_row(query, database_.path()));
    visit(entry);
  }
}

}  // namespace icm
