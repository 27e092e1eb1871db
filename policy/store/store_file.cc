// SPDX-License-Identifier: Apache-2.0
#include "policy/store/store_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/store/generation.h"
#include "policy/store/schema.h"
#include "policy/store/store_backup.h"

namespace icm {
namespace {

constexpr std::int64_t application_id = 0x49434d53;  // "ICMS"

enum class Content { fresh, older, store };

Status make_file(const std::string& path, Missing missing) {
  struct stat about {};
  if (stat(path.c_str(), &about) == 0) {
    if (S_ISREG(about.st_mode)) return {};
    return fail(
        Code::config,
        fmt::format("{}: expected a suppression store, found something that is no file", path));
  }
  if (errno != ENOENT)
    return fail(Code::config,
                fmt::format("{}: cannot open the store: {}", path, std::strerror(errno)));
  if (missing == Missing::refuse)
    return fail(
        Code::config,
        fmt::format("{}: there is no store; put its backup back if there was one, or make an "
                    "empty one with icloud-milterctl store init",
                    path));
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (file < 0 && errno == EEXIST) return {};  // another process was faster
  if (file < 0)
    return fail(Code::config,
                fmt::format("{}: cannot make the store: {}", path, std::strerror(errno)));
  Status given = give_to_owner_of_directory(file, path);
  ::close(file);
  return given;
}

Result<Content> recognise(Database& database) {
  ICM_TRY(const std::int64_t id, database.number("PRAGMA application_id"));
  ICM_TRY(const std::int64_t version, database.number("PRAGMA user_version"));
  ICM_TRY(const std::int64_t objects, database.number("SELECT count(*) FROM sqlite_schema"));
  if (id == 0 && version == 0 && objects == 0) return Content::fresh;
  if (id != application_id) {
    return fail(Code::config,
                fmt::format("{}: expected a suppression store (application_id {}), found another "
                            "program's database (application_id {}, {} tables and indexes)",
                            database.path(), application_id, id, objects));
  }
  if (version < 1 || version > store_version()) {
    return fail(
        Code::config,
        fmt::format("{}: expected a suppression store of version {}, found version {}; it was "
                    "written by another release of icloud-milter",
                    database.path(), store_version(), version));
  }
  return version == store_version() ? Content::store : Content::older;
}

// In one snapshot, since another process may be making the tables meanwhile.
Result<Content> recognise_at_once(Database& database) {
  ICM_CHECK(database.execute("BEGIN"));
  Result<Content> content = recognise(database);
  if (!content) return content;  // the caller drops the connection and with it the transaction
  ICM_CHECK(database.execute("COMMIT"));
  return content;
}

// Several processes may come here at once: whoever gets the lock first makes the tables.
Status make_tables(Database& database) {
  // The only setting that is kept in the file; it cannot be changed inside a transaction.
  ICM_CHECK(database.keep_write_ahead_log());
  ICM_TRY(Transaction transaction, Transaction::begin(database));
  ICM_TRY(const Content content, recognise(database));
  if (content != Content::fresh) return {};
  for (const std::string_view step : store_schema) ICM_CHECK(database.execute(step));
  ICM_CHECK(database.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                         application_id, store_version())));
  return transaction.commit();
}

Status make_store(const std::string& path, Deadline deadline) {
  ICM_TRY(Database database, Database::open(path, Database::Access::write));
  database.wait_until(deadline);
  return make_tables(database);
}

Status prepare_connection(Database& database, Database::Access access) {
  // A damaged page is noticed when it is read, not when it has done harm.
  ICM_CHECK(database.execute("PRAGMA cell_size_check = ON"));
  if (access == Database::Access::read) return database.execute("PRAGMA cache_size = -2048");
  // FULL: an unsubscription that was confirmed must survive a power cut. secure_delete: a person
  // who asked to be forgotten is also gone from the free pages.
  return database.execute(
      "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 16777216");
}

// Whoever gets the lock first brings the store up to date, the others find it done.
Status bring_up_to_date(const std::string& path, Deadline deadline, Notices* notices) {
  ICM_TRY(Database database, Database::open(path, Database::Access::write));
  database.wait_until(deadline);
  ICM_CHECK(prepare_connection(database, Database::Access::write));
  ICM_TRY(Transaction transaction, Transaction::begin(database));
  ICM_TRY(const Content content, recognise(database));
  if (content != Content::older) return {};
  ICM_TRY(const std::int64_t version, database.number("PRAGMA user_version"));
  // What has been committed is read on a connection of its own, since a copy cannot be made within
  // a transaction; nobody changes it meanwhile.
  ICM_TRY(const std::string backup,
          back_up_store(path, fmt::format("version-{}", version), deadline));
  for (const std::string_view step : store_schema.subspan(static_cast<std::size_t>(version))) {
    ICM_CHECK(database.execute(step));
  }
  ICM_CHECK(database.execute(fmt::format("PRAGMA user_version = {}", store_version())));
  ICM_CHECK(transaction.commit());
  if (notices != nullptr) {
    notices->push_back(
        fmt::format("{}: the store was brought from version {} to version {}; as it "
                    "was before, it is kept in {}",
                    path, version, store_version(), backup));
  }
  return {};
}

}  // namespace

Status give_to_owner_of_directory(int file, const std::string& path) {
  if (geteuid() != 0) return {};
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  struct stat about {};
  if (stat(directory.empty() ? "." : directory.c_str(), &about) != 0 ||
      fchown(file, about.st_uid, about.st_gid) != 0) {
    return fail(Code::config, fmt::format("{}: cannot be given to the owner of its directory: {}",
                                          path, std::strerror(errno)));
  }
  return {};
}

bool is_absent(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::symlink_status(path, unknown).type() ==
         std::filesystem::file_type::not_found;
}

bool is_never_made(const std::string& path) {
  return is_absent(path) && is_absent(Generation::path_beside(path)) && is_absent(path + "-wal");
}

std::int64_t store_version() { return static_cast<std::int64_t>(store_schema.size()); }

Result<std::optional<std::int64_t>> outdated_version(const std::string& path, Deadline deadline) {
  ICM_CHECK(make_file(path, Missing::refuse));
  ICM_TRY(Database database, Database::open(path, Database::Access::read));
  database.wait_until(deadline);
  ICM_TRY(const Content content, recognise_at_once(database));
  if (content != Content::older) return std::nullopt;
  ICM_TRY(const std::int64_t version, database.number("PRAGMA user_version"));
  return version;
}

Result<Database> open_store(const std::string& path, Database::Access access, Missing missing,
                            Deadline deadline, Notices* notices) {
  ICM_CHECK(make_file(path, missing));
  ICM_TRY(Database database, Database::open(path, access));
  database.wait_until(deadline);
  ICM_TRY(const Content content, recognise_at_once(database));
  if (content == Content::fresh) {
    if (missing == Missing::refuse)
      return fail(Code::config,
                  fmt::format("{}: expected a suppression store, found an empty file; put its "
                              "backup back if there was one, or make an empty one with "
                              "icloud-milterctl store init",
                              path));
    ICM_CHECK(make_store(path, deadline));
  }
  if (content == Content::older) ICM_CHECK(bring_up_to_date(path, deadline, notices));
  ICM_CHECK(prepare_connection(database, access));
  return database;
}

void empty_log(Database& database, Deadline deadline) {
  database.wait_until(deadline);
  static_cast<void>(database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
}

}  // namespace icm
