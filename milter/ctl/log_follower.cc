// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/log_follower.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace icm::ctl {
namespace {

constexpr std::size_t max_files = 4;  // a log that is rotated faster than this is not worth more

}  // namespace

Result<LogFollower> LogFollower::open(const std::string& path, std::chrono::milliseconds farewell) {
  LogFollower follower(path, farewell);
  ICM_CHECK(follower.open_current());
  return follower;
}

Status LogFollower::open_current() {
  const auto failed = [&] {
    return fail(Code::permanent,
                fmt::format("{}: cannot open the decision log: {}", path_, std::strerror(errno)));
  };
  UniqueFd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) return failed();
  files_.push_back({.file = std::move(file),
                    .lines = LineCutter(longest_decision_line),
                    .device = status.st_dev,
                    .inode = status.st_ino,
                    .offset = 0,
                    .leave_at = Deadline::in(farewell_)});
  return {};
}

Status LogFollower::poll(LogReader& reader) {
  for (;;) {
    for (Followed& followed : files_) ICM_CHECK(read_more(followed, reader));
    leave_old_files(reader);
    if (!was_replaced()) return {};
    // What was written to the old file before the new one was made stands before it.
    ICM_CHECK(read_more(files_.back(), reader));
    files_.back().leave_at = Deadline::in(farewell_);
    // A new file that is gone or locked again at once is tried again at the next call.
    if (!open_current()) return {};
  }
}

Status LogFollower::read_more(Followed& followed, LogReader& reader) {
  struct stat status {};
  if (fstat(followed.file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
      status.st_size < followed.offset) {
    followed.offset = 0;
    followed.lines.restart();
    if (lseek(followed.file.get(), 0, SEEK_SET) != 0) {
      return fail(Code::permanent, fmt::format("{}: cannot go back to the beginning: {}", path_,
                                               std::strerror(errno)));
    }
  }
  for (;;) {
    const std::span<char> room = followed.lines.room();
    const ssize_t count = ::read(followed.file.get(), room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return fail(Code::permanent,
                  fmt::format("{}: cannot read the decision log: {}", path_, std::strerror(errno)));
    }
    if (count == 0) return {};
    followed.offset += count;
    followed.lines.filled(static_cast<std::size_t>(count));
    while (const auto line = followed.lines.next()) reader.take(path_, *line);
  }
}

// Whether another file stands at the path. None at all is no replacement: the new one is about to
// be made.
bool LogFollower::was_replaced() const {
  struct stat status {};
  if (stat(path_.c_str(), &status) != 0) return false;
  return status.st_dev != files_.back().device || status.st_ino != files_.back().inode;
}

void LogFollower::leave_old_files(LogReader& reader) {
  while (files_.size() > 1 && (files_.front().leave_at.passed() || files_.size() > max_files)) {
    reader.take_rest(path_, files_.front().lines);
    files_.erase(files_.begin());
  }
}

}  // namespace icm::ctl
