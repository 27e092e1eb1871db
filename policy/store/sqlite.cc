// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite.h"

#include <cstring>
#include <thread>

#include <sqlite3.h>

namespace icm {
namespace {

constexpr std::chrono::milliseconds longest_pause{20};

// SQLite would count its memory, which nobody reads, under one lock for all threads: a tenth of the
// time of an import. Says so before SQLite is used for the first time.
void do_not_count_memory() {
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(configured);
}

std::string system_reason(int error, std::string_view otherwise) {
  return error == 0 ? std::string(otherwise) : std::string(std::strerror(error));
}

// What a failed call means for the person who has to act on it.
tl::unexpected<Error> failure(sqlite3* connection, int result, const std::string& path) {
  const std::string reason =
      connection == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(connection);
  const int error = connection == nullptr ? 0 : sqlite3_system_errno(connection);
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:  // somebody was always faster, for ten seconds
      return fail(Code::temporary,
                  fmt::format("{}: another process holds the store locked; the time to wait for it "
                              "is over",
                              path));
    case SQLITE_NOTADB:
      return fail(Code::config,
                  fmt::format("{}: expected a suppression store, found a file that is no SQLite "
                              "database; move it away, and put the store's backup in its place",
                              path));
    case SQLITE_CORRUPT:
      return fail(
          Code::permanent,
          fmt::format("{}: the store is damaged ({}); stop icloud-milter, move "
                      "it, its -wal and its -shm away, and put a backup in its place, or make an "
                      "empty one with icloud-milterctl store init and import the last export",
                      path, reason));
    case SQLITE_FULL:
      return fail(Code::temporary,
                  fmt::format("{}: no space left for the store or for SQLite's temporary files; "
                              "nothing was changed",
                              path));
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return fail(
          Code::config,
          fmt::format("{}: this user may not write the store; run the command as root or as "
                      "the owner of the file",
                      path));
    case SQLITE_CANTOPEN:
      return fail(Code::config,
                  fmt::format("{}: cannot open the store: {} (its directory must be writable too, "
                              "for the files ending in -wal and -shm)",
                              path, system_reason(error, reason)));
    case SQLITE_IOERR:
      return fail(Code::temporary,
                  fmt::format("{}: reading or writing failed: {} (SQLite error {}); nothing was "
                              "changed; look for a full or failing disk, or a limit on file sizes",
                              path, system_reason(error, reason), result));
    default:
      return fail(Code::internal, fmt::format("{}: SQLite error {}: {}", path, result, reason));
  }
}

}  // namespace

void close_database(sqlite3* connection) noexcept { sqlite3_close_v2(connection); }
void finalize_statement(sqlite3_stmt* statement) noexcept { sqlite3_finalize(statement); }
void reset_statement(sqlite3_stmt* statement) noexcept { sqlite3_reset(statement); }

Query& Query::bind(int parameter, std::string_view text) {
  // A null pointer would bind NULL, and a default string_view has one.
  const char* octets = text.data() == nullptr ? "" : text.data();
  const int result = sqlite3_bind_text64(statement_.get(), parameter, octets, text.size(),
                                         SQLITE_STATIC, SQLITE_UTF8);
  if (failure_ == SQLITE_OK) failure_ = result;
  return *this;
}

Query& Query::bind(int parameter, std::int64_t number) {
  const int result = sqlite3_bind_int64(statement_.get(), parameter, number);
  if (failure_ == SQLITE_OK) failure_ = result;
  return *this;
}

Query& Query::bind_null(int parameter) {
  const int result = sqlite3_bind_null(statement_.get(), parameter);
  if (failure_ == SQLITE_OK) failure_ = result;
  return *this;
}

Result<bool> Query::step() {
  const int result = failure_ == SQLITE_OK ? sqlite3_step(statement_.get()) : failure_;
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return failure(sqlite3_db_handle(statement_.get()), result, path_);
}

Status Query::run() {
  ICM_CHECK(step());
  return {};
}

std::string_view Query::text(int column) const {
  const unsigned char* octets = sqlite3_column_text(statement_.get(), column);
  if (octets == nullptr) return {};
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {reinterpret_cast<const char*>(octets), static_cast<std::size_t>(size)};
}

std::int64_t Query::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

int Database::wait_for_lock(void* state, int attempts) noexcept {
  const Deadline deadline = static_cast<const State*>(state)->deadline;
  if (deadline.passed()) return 0;
  const auto pause =
      std::min<Deadline::Time::duration>(std::chrono::milliseconds(1 + attempts), longest_pause);
  std::this_thread::sleep_for(std::min(pause, deadline.left()));
  return 1;
}

Result<Database> Database::open(const std::string& path, Access access) {
  do_not_count_memory();
  Database database;
  database.state_ = std::make_unique<State>();
  database.state_->path = path;
  sqlite3* connection = nullptr;
  const int mode = access == Access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int result = sqlite3_open_v2(path.c_str(), &connection,
                                     mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  database.connection_.reset(connection);  // SQLite gives one even when it could not open the file
  if (result != SQLITE_OK) return failure(connection, result, path);
  sqlite3_busy_handler(connection, wait_for_lock, database.state_.get());
  // The file may have been prepared by somebody else: its schema shall run nothing of its own.
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  return database;
}

Status Database::execute(std::string_view sql) {
  const int result =
      sqlite3_exec(connection_.get(), std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return failure(connection_.get(), result, path());
  return {};
}

Result<std::int64_t> Database::number(std::string_view sql) {
  ICM_TRY(Statement statement, prepare(sql));
  Query query = statement.query();
  ICM_CHECK(query.step());
  return query.number(0);
}

Result<std::string> Database::text(std::string_view sql) {
  ICM_TRY(Statement statement, prepare(sql));
  Query query = statement.query();
  ICM_CHECK(query.step());
  return std::string(query.text(0));
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) return failure(connection_.get(), result, path());
  return Statement(statement, path());
}

Status Database::keep_write_ahead_log() {
  // For this lock SQLite does not call wait_for_lock: it reads the file already, and who waited so
  // for others that do might wait for ever. Here it has stopped reading when it says so.
  Result<std::string> mode = text("PRAGMA journal_mode = WAL");
  for (int attempts = 0; !mode && (sqlite3_errcode(connection_.get()) & 0xff) == SQLITE_BUSY;
       ++attempts) {
    if (wait_for_lock(state_.get(), attempts) == 0) break;
    mode = text("PRAGMA journal_mode = WAL");
  }
  if (!mode) return tl::make_unexpected(std::move(mode).error());
  if (*mode == "wal") return {};
  return fail(
      Code::config,
      fmt::format("{}: expected a file system that allows SQLite's write-ahead log (a local "
                  "one), found journal mode {}",
                  path(), *mode));
}

bool Database::is_moved() const {
  int moved = 0;
  const int result =
      sqlite3_file_control(connection_.get(), nullptr, SQLITE_FCNTL_HAS_MOVED, &moved);
  return result == SQLITE_OK && moved != 0;
}

std::int64_t Database::changes() const { return sqlite3_changes64(connection_.get()); }

void Transaction::roll_back(Database* database) noexcept {
  // Fails only when SQLite has rolled back already, after a full disk for example.
  sqlite3_exec(database->connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<Transaction> Transaction::begin(Database& database) {
  ICM_CHECK(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Status Transaction::commit() {
  ICM_CHECK(open_->execute("COMMIT"));
  static_cast<void>(open_.release());
  return {};
}

}  // namespace icm
