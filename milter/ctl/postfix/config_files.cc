// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/config_files.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "policy/base/unique_fd.h"

namespace icm::ctl::postfix {
namespace {

constexpr std::size_t longest_file = 4U << 20U;

tl::unexpected<Error> cannot(const std::string& path, std::string_view what, int error) {
  return fail(Code::permanent,
              fmt::format("{}: cannot be {}: {}", path, what,
                          std::error_code(error, std::generic_category()).message()));
}

Status write_all(int file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return cannot(path, "written", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status fill(int file, const std::string& path, std::string_view text, const struct stat& status,
            Times times) {
  // The owner first: changing it takes set-id bits off the mode.
  if (::fchown(file, status.st_uid, status.st_gid) != 0) return cannot(path, "given away", errno);
  if (::fchmod(file, status.st_mode & 07777) != 0) return cannot(path, "given its mode", errno);
  ICM_CHECK(write_all(file, path, text));
  const std::array<timespec, 2> both = {status.st_atim, status.st_mtim};
  if (times == Times::of_status && ::futimens(file, both.data()) != 0) {
    return cannot(path, "given its times", errno);
  }
  if (::fsync(file) != 0) return cannot(path, "synced", errno);
  return {};
}

}  // namespace

Result<ConfigFile> read_config_file(const std::string& path) {
  std::error_code error;
  ConfigFile file;
  file.path = std::filesystem::canonical(path, error).string();
  if (error) return cannot(path, "read", error.value());
  const UniqueFd opened(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!opened) return cannot(path, "read", errno);
  if (::fstat(opened.get(), &file.status) != 0) return cannot(path, "read", errno);
  if (!S_ISREG(file.status.st_mode)) return cannot(path, "read", EINVAL);
  std::array<char, 65536> piece;
  for (;;) {
    const ssize_t got = ::read(opened.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot(path, "read", errno);
    if (got == 0) return file;
    file.text.append(piece.data(), static_cast<std::size_t>(got));
    if (file.text.size() > longest_file) return cannot(path, "read", EFBIG);
  }
}

Status put_file(const std::string& path, std::string_view text, const struct stat& status,
                Times times) {
  const std::string made = path + ".icloud-milter";
  // What a run that was cut short has left. In a directory of root's nobody else puts one there.
  ::unlink(made.c_str());
  const UniqueFd file(
      ::open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return cannot(made, "made", errno);
  if (Status filled = fill(file.get(), made, text, status, times); !filled) {
    ::unlink(made.c_str());
    return filled;
  }
  if (::rename(made.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(made.c_str());
    return cannot(path, "replaced", error);
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const UniqueFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) ::fsync(directory.get());
  return {};
}

Status make_private_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return cannot(path, "made", errno);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return cannot(path, "looked at", errno);
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 022) != 0) {
    return fail(Code::permanent,
                fmt::format("{}: expected a directory that root alone may write to", path));
  }
  return {};
}

}  // namespace icm::ctl::postfix
