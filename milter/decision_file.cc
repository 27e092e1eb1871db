// SPDX-License-Identifier: Apache-2.0
#include "milter/decision_file.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>

namespace icm {
namespace {

constexpr mode_t file_mode = 0640;  // log readers by group, nobody else: it holds addresses
constexpr mode_t directory_mode = 0750;

std::string reason(int error) { return std::generic_category().message(error); }

// Writes as much as the disk takes; returns how much, errno says why not all.
std::size_t write_all(int fd, std::string_view octets) {
  std::size_t written = 0;
  while (written < octets.size()) {
    const ssize_t count = ::write(fd, octets.data() + written, octets.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  return written;
}

}  // namespace

Result<DecisionFile> DecisionFile::open(std::string path) {
  if (path.empty()) return DecisionFile({}, {});
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  if (!directory.empty()) ::mkdir(directory.c_str(), directory_mode);  // open() tells what is wrong
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
  UniqueFd fd(::open(path.c_str(), flags, file_mode));
  if (!fd) {
    return fail(Code::config,
                fmt::format("log.decisions: cannot open {} for writing: {}; make its directory "
                            "writable for the daemon's user, or name another file",
                            path, reason(errno)));
  }
  return DecisionFile(std::move(path), std::move(fd));
}

Status DecisionFile::append(std::string_view lines) {
  if (!fd_ || lines.empty()) return {};
  if (is_torn_) {
    if (write_all(fd_.get(), "\n") != 1) {
      return fail(Code::temporary, fmt::format("cannot write {}: {}", path_, reason(errno)));
    }
    is_torn_ = false;
  }
  struct stat before {};
  const bool is_file = ::fstat(fd_.get(), &before) == 0 && S_ISREG(before.st_mode);
  const std::size_t written = write_all(fd_.get(), lines);
  if (written == lines.size()) return {};
  const int error = errno;
  if (written > 0) take_back(is_file ? before.st_size : -1);
  return fail(Code::temporary, fmt::format("cannot write {}: {}", path_, reason(error)));
}

void DecisionFile::take_back(std::int64_t size_before) {
  is_torn_ = size_before < 0 || ::ftruncate(fd_.get(), size_before) != 0;
}

}  // namespace icm
