// SPDX-License-Identifier: Apache-2.0
#include "policy/store/store_backup.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/base/unique_fd.h"

namespace icm {
namespace {

tl::unexpected<Error> system_failure(const std::string& path, std::string_view what) {
  return fail(Code::temporary, fmt::format("{}: {}: {}", path, what, std::strerror(errno)));
}

// An empty file with owner and mode of `like`: SQLite writes into it and leaves both alone.
Status make_like(const std::string& path, const std::string& like) {
  struct stat about {};
  if (stat(like.c_str(), &about) != 0) return system_failure(like, "cannot be looked at");
  if (unlink(path.c_str()) != 0 && errno != ENOENT)
    return system_failure(path, "cannot be removed");
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return system_failure(path, "cannot be made");
  if (geteuid() == 0 && fchown(file.get(), about.st_uid, about.st_gid) != 0) {
    return system_failure(path, "cannot be given to the owner of the store");
  }
  if (fchmod(file.get(), about.st_mode & 0777) != 0) {
    return system_failure(path, "cannot be given the mode of the store");
  }
  return {};
}

Status sync(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0 || fsync(file.get()) != 0) return system_failure(path, "cannot be synced");
  return {};
}

std::string sql_text(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') result += c;
    result += c;
  }
  return result + "'";
}

Status copy(const std::string& path, const std::string& part, Deadline deadline) {
  ICM_TRY(Database database, Database::open(path, Database::Access::read));
  database.wait_until(deadline);
  ICM_CHECK(check_pages(database));
  ICM_CHECK(make_like(part, path));
  return database.execute(fmt::format("VACUUM INTO {}", sql_text(part)));
}

}  // namespace

Status check_pages(Database& database) {
  ICM_TRY(const std::string found, database.text("PRAGMA quick_check(1)"));
  if (found == "ok") return {};
  return fail(
      Code::permanent,
      fmt::format("{}: the store is damaged ({}); stop icloud-milter, move "
                  "it, its -wal and its -shm away, and put a backup in its place, or make an "
                  "empty one with icloud-milterctl store init and import the last export",
                  database.path(), found));
}

Result<std::string> back_up_store(const std::string& path, const std::string& mark,
                                  Deadline deadline) {
  const std::string backup = fmt::format("{}-{}.backup", path, mark);
  const std::string part = backup + ".part";
  const auto made = [&]() -> Status {
    ICM_CHECK(copy(path, part, deadline));
    ICM_CHECK(sync(part));
    if (rename(part.c_str(), backup.c_str()) != 0) return system_failure(backup, "cannot be made");
    const std::filesystem::path directory = std::filesystem::path(path).parent_path();
    return sync(directory.empty() ? "." : directory.string());
  }();
  if (made) return backup;
  static_cast<void>(unlink(part.c_str()));
  std::error_code unknown;
  const auto size = std::filesystem::file_size(path, unknown);
  return fail(made.error().code,
              fmt::format("{}: its backup {} cannot be made, for which up to {} octets are needed; "
                          "the store is as it was: {}",
                          path, backup, unknown ? 0 : size, made.error().text));
}

}  // namespace icm
