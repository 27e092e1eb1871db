// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_source.h"

#include <cerrno>
#include <cstring>

#include <sys/stat.h>

#include "policy/base/text.h"
#include "policy/store/change_log.h"
#include "policy/store/entry_rows.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

constexpr std::chrono::seconds wait_for_reading{5};

constexpr std::string_view all_entries = "SELECT address, scope, reason, expires FROM suppression";
constexpr std::string_view entries_of_address =
    "SELECT address, scope, reason, expires FROM suppression WHERE address = ?1";

// A read transaction: all that is read in it is of one moment.
class Moment {
 public:
  [[nodiscard]] static Result<Moment> begin(Database& database) {
    ICM_CHECK(database.execute("BEGIN"));
    return Moment(database);
  }

 private:
  explicit Moment(Database& database) : open_(&database) {}
  static void end(Database* database) noexcept { static_cast<void>(database->execute("ROLLBACK")); }
  Handle<Database, end> open_;
};

Result<SourceEntry> entry_of(const Query& query, const std::string& path) {
  const std::optional<SuppressionReason> reason = suppression_reason(query.text(2));
  if (!reason) {
    return fail(Code::permanent,
                fmt::format("{}: {}: expected a reason that this release knows, found \"{}\"", path,
                            for_log(query.text(0)), for_log(query.text(2))));
  }
  return SourceEntry{
      .key = query.text(0),
      .scope = query.text(1),
      .reason = *reason,
      .expires = query.is_null(3) ? std::nullopt : std::optional(time_of_store(query.number(3)))};
}

Status visit_rows(Query& query, const std::string& path, const SuppressionSource::Visit& visit) {
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return {};
    ICM_TRY(const SourceEntry entry, entry_of(query, path));
    if (!visit(entry)) return fail(Code::temporary, fmt::format("{}: reading was ended", path));
  }
}

}  // namespace

Result<std::unique_ptr<SuppressionSource>> SqliteSource::open(const std::string& path) {
  ICM_TRY(auto generation, FollowedGeneration::open(path));
  return std::unique_ptr<SuppressionSource>(new SqliteSource(path, std::move(generation)));
}

// The connection that everything is read by, since PRAGMA data_version counts for one connection.
Result<Database*> SqliteSource::database(Deadline deadline) {
  if (!database_) {
    struct stat about {};
    if (::stat(path_.c_str(), &about) != 0) {
      return fail(Code::config,
                  fmt::format("{}: cannot open the store: {}", path_, std::strerror(errno)));
    }
    ICM_TRY(database_, open_store(path_, Database::Access::read, Missing::refuse, deadline));
    device_ = about.st_dev;
    inode_ = about.st_ino;
    data_version_ = 0;
  }
  database_->wait_until(deadline);
  return &*database_;
}

Result<std::string> SqliteSource::each(const Visit& visit) {
  Result<std::string> cursor = read_all(visit);
  if (!cursor) database_.reset();  // a connection that failed is not used again
  return cursor;
}

Result<std::optional<std::string>> SqliteSource::changes(const std::string& cursor,
                                                         std::size_t most, const Begin& begin,
                                                         const Visit& visit, Deadline deadline) {
  Result<std::optional<std::string>> next = read_changes(cursor, most, begin, visit, deadline);
  if (!next) database_.reset();
  return next;
}

Result<std::string> SqliteSource::read_all(const Visit& visit) {
  ICM_TRY(Database * store, database(Deadline::in(wait_for_reading)));
  ICM_TRY(const Moment moment, Moment::begin(*store));
  ICM_TRY(const ChangeCursor cursor, last_change(*store));
  ICM_TRY(Statement statement, store->prepare(all_entries));
  Query query = statement.query();
  ICM_CHECK(visit_rows(query, path_, visit));
  return to_string(cursor);
}

Result<std::optional<std::string>> SqliteSource::read_changes(const std::string& cursor,
                                                              std::size_t most, const Begin& begin,
                                                              const Visit& visit,
                                                              Deadline deadline) {
  ICM_TRY(Database * store, database(deadline));
  ICM_TRY(const Moment moment, Moment::begin(*store));
  ICM_TRY(const bool can_tell, can_tell_since(*store, cursor, most));
  if (!can_tell) return std::nullopt;
  ICM_TRY(const ChangeCursor last, last_change(*store));
  ICM_TRY(const std::vector<std::string> addresses, changed_since(*store, cursor));
  ICM_TRY(Statement statement, store->prepare(entries_of_address));
  for (const std::string& address : addresses) {
    begin(address);
    Query query = statement.query();
    query.bind(1, address);
    ICM_CHECK(visit_rows(query, path_, visit));
  }
  return to_string(last);
}

Result<SuppressionSource::Seen> SqliteSource::look(Deadline deadline) {
  struct stat about {};
  if (::stat(path_.c_str(), &about) != 0) {
    return fail(Code::config, fmt::format("{}: the store is not there any more: {}", path_,
                                          std::strerror(errno)));
  }
  // Also when the connection to the one before is closed already, after an error.
  const bool is_replaced = inode_ != 0 && (device_ != about.st_dev || inode_ != about.st_ino);
  if (is_replaced) database_.reset();
  ICM_CHECK(generation_->follow());
  ICM_TRY(Database * store, database(deadline));
  Result<std::int64_t> version = store->number("PRAGMA data_version");
  if (!version) {
    database_.reset();
    return tl::make_unexpected(version.error());
  }
  const bool is_same = *version == data_version_;
  data_version_ = *version;
  if (is_replaced) return Seen::replaced;
  return is_same ? Seen::same : Seen::changed;
}

}  // namespace icm
