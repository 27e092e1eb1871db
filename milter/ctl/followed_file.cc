// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/followed_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "policy/base/keyed_hash.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

namespace fs = std::filesystem;

// A longer line is not looked for again; the file's size, and which file it is, have to do.
constexpr std::size_t longest_remembered = 64u << 10;

constexpr KeyedHash::Key digest_key = {0x666f6c6c6f776564, 0x6c6f672066696c65};

std::uint64_t digest_of(std::string_view line) { return KeyedHash(digest_key)(line); }

bool is_compressed(const std::string& name) {
  constexpr std::array<std::string_view, 4> endings = {".gz", ".bz2", ".xz", ".zst"};
  return std::ranges::any_of(endings, [&](std::string_view end) { return name.ends_with(end); });
}

struct stat status_of(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) status = {};
  return status;
}

std::uint64_t size_of(int file) { return static_cast<std::uint64_t>(status_of(file).st_size); }

}  // namespace

Result<FollowedFile> FollowedFile::open(const std::string& path,
                                        std::optional<std::string_view> position, Options options) {
  FollowedFile followed(path, options);
  ICM_CHECK(followed.begin(position));
  return followed;
}

// "DEVICE:INODE:OFFSET:SIZE:DIGEST"
std::optional<FollowedFile::Position> FollowedFile::read_position(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() != 5) return std::nullopt;
  std::array<std::uint64_t, 5> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = parse_number(parts[i]);
    if (!number) return std::nullopt;
    numbers[i] = *number;
  }
  return Position{.device = numbers[0],
                  .inode = numbers[1],
                  .offset = numbers[2],
                  .size = numbers[3],
                  .digest = numbers[4]};
}

FollowedFile::Position FollowedFile::here() const {
  return {.device = current_.device,
          .inode = current_.inode,
          .offset = taken_,
          .size = last_line_.size(),
          .digest = digest_of(last_line_)};
}

std::string FollowedFile::position() const {
  const Position at = here();
  return fmt::format("{}:{}:{}:{}:{}", at.device, at.inode, at.offset, at.size, at.digest);
}

std::uint64_t FollowedFile::left() const {
  const std::uint64_t size = size_of(current_.file.get());
  std::uint64_t left = size > taken_ ? size - taken_ : 0;
  for (const Opened& opened : waiting_) left += size_of(opened.file.get());
  return left;
}

std::optional<FollowedFile::Opened> FollowedFile::open_file(const std::string& path) {
  Opened opened{.file = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)),
                .path = path,
                .device = 0,
                .inode = 0,
                .begin = 0};
  if (!opened.file) return std::nullopt;
  const struct stat status = status_of(opened.file.get());
  opened.device = status.st_dev;
  opened.inode = status.st_ino;
  if (!S_ISREG(status.st_mode)) {
    errno = EINVAL;
    return std::nullopt;
  }
  return opened;
}

// Whether the line of `position` ends there: a file that was truncated and has grown again is
// another one, though it is long enough.
bool FollowedFile::has_line(const Opened& opened, const Position& position) {
  if (size_of(opened.file.get()) < position.offset) return false;
  if (position.offset == 0) return true;
  if (position.size >= position.offset || position.size > longest_remembered) return false;
  std::string line(position.size + 1, '\0');
  const auto at = static_cast<off_t>(position.offset - line.size());
  const ssize_t count = ::pread(opened.file.get(), line.data(), line.size(), at);
  if (count != static_cast<ssize_t>(line.size()) || line.back() != '\n') return false;
  line.pop_back();
  return digest_of(line) == position.digest;
}

std::vector<std::string> rotated_files(const std::string& log) {
  const fs::path path(log);
  const std::string name = path.filename().string();
  std::vector<std::string> files;
  std::error_code error;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string other = entry->path().filename().string();
    if (other.size() <= name.size() || !other.starts_with(name) || is_compressed(other)) continue;
    if (other[name.size()] != '.' && other[name.size()] != '-') continue;
    files.push_back(entry->path().string());
  }
  return files;
}

// What was written after `opened` was closed for good: rotated files that were changed later, then
// the one that stands at the path now.
std::vector<FollowedFile::Opened> FollowedFile::files_after(const Opened& opened) const {
  const auto changed = [](const Opened& one) {
    const timespec time = status_of(one.file.get()).st_mtim;
    return std::pair(time.tv_sec, time.tv_nsec);
  };
  const auto is_same = [](const Opened& a, const Opened& b) {
    return a.device == b.device && a.inode == b.inode;
  };
  std::vector<Opened> files;
  for (const std::string& path : rotated_files(path_)) {
    auto file = open_file(path);
    if (file && !is_same(*file, opened) && changed(*file) > changed(opened)) {
      files.push_back(*std::move(file));
    }
  }
  std::ranges::sort(files,
                    [&](const Opened& a, const Opened& b) { return changed(a) < changed(b); });
  auto newest = open_file(path_);
  if (newest && !is_same(*newest, opened)) files.push_back(*std::move(newest));
  return files;
}

std::optional<FollowedFile::Opened> FollowedFile::find(const Position& position) const {
  std::vector<std::string> paths = rotated_files(path_);
  paths.insert(paths.begin(), path_);
  std::optional<Opened> copy;
  for (const std::string& path : paths) {
    auto opened = open_file(path);
    if (!opened || !has_line(*opened, position)) continue;
    opened->begin = position.offset;
    const bool is_the_file = opened->device == position.device && opened->inode == position.inode;
    if (is_the_file) return opened;
    // A copy has the same line at the same place; an empty beginning says nothing.
    if (!copy && position.offset > 0 && position.size > 0) copy = std::move(opened);
  }
  return copy;
}

Status FollowedFile::begin(std::optional<std::string_view> position) {
  auto newest = open_file(path_);
  if (!newest) {
    return fail(Code::permanent,
                fmt::format("{}: cannot be read: {}", path_, std::strerror(errno)));
  }
  const auto known = position ? read_position(*position) : std::nullopt;
  if (known) {
    auto found = find(*known);
    if (found) {
      for (Opened& later : files_after(*found)) waiting_.push_back(std::move(later));
      enter(*std::move(found));
      return {};
    }
    notices_.push_back(fmt::format(
        "{}: the line that was read last is in no file any more; read from the beginning", path_));
  } else if (options_.at_most > 0) {
    const std::uint64_t size = size_of(newest->file.get());
    newest->begin = size > options_.at_most ? size - options_.at_most : 0;
  }
  enter(*std::move(newest));
  return {};
}

void FollowedFile::enter(Opened opened) {
  current_ = std::move(opened);
  read_ = taken_ = current_.begin;
  last_line_.clear();
  lines_.restart();
  was_still_ = false;
  leave_at_.reset();
}

Result<std::optional<LineCutter::Line>> FollowedFile::next() {
  for (;;) {
    if (const auto line = lines_.next()) {
      taken_ = read_ - lines_.left();
      last_line_ = line->text.size() <= longest_remembered ? line->text : std::string_view();
      return line;
    }
    ICM_TRY(const std::size_t count, read_more());
    if (count > 0) continue;
    ICM_TRY(const bool goes_on, turn_page());
    if (!goes_on) return std::nullopt;
  }
}

Result<std::size_t> FollowedFile::read_more() {
  // Only a file that stood still and goes on can be another one; each look costs a read.
  if (was_still_) {
    if (was_truncated()) after_truncation();
    was_still_ = false;
  }
  const std::span<char> room = lines_.room();
  for (;;) {
    const ssize_t count =
        ::pread(current_.file.get(), room.data(), room.size(), static_cast<off_t>(read_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return fail(Code::permanent,
                  fmt::format("{}: cannot be read: {}", current_.path, std::strerror(errno)));
    }
    if (count > 0) leave_at_.reset();
    read_ += static_cast<std::uint64_t>(count);
    lines_.filled(static_cast<std::size_t>(count));
    return static_cast<std::size_t>(count);
  }
}

// At the end of a file: whether there is another one to go on with.
Result<bool> FollowedFile::turn_page() {
  was_still_ = true;
  if (was_truncated()) return true;  // read_more() will see to it
  if (waiting_.empty() && was_replaced()) {
    for (Opened& later : files_after(current_)) waiting_.push_back(std::move(later));
  }
  if (waiting_.empty()) return false;
  if (!leave_at_) {
    // Who was away for long need not wait for a writer who has long gone.
    const timespec changed = status_of(current_.file.get()).st_mtim;
    const auto since = std::chrono::system_clock::now().time_since_epoch() -
                       std::chrono::seconds(changed.tv_sec) -
                       std::chrono::nanoseconds(changed.tv_nsec);
    leave_at_ = since > options_.farewell ? Deadline::in({}) : Deadline::in(options_.farewell);
  }
  if (!leave_at_->passed()) return false;
  Opened next = std::move(waiting_.front());
  waiting_.pop_front();
  enter(std::move(next));
  return true;
}

bool FollowedFile::was_truncated() const {
  if (size_of(current_.file.get()) < read_) return true;
  // Nothing was read of it yet, or a line that is too long to be kept.
  if (last_line_.empty()) return false;
  return !has_line(current_, here());
}

// The rest of what was there is in the copy that was made before, if one was made.
void FollowedFile::after_truncation() {
  const Position last = here();
  auto copy = last.offset > 0 && last.size > 0 ? find(last) : std::nullopt;
  Opened anew = std::move(current_);
  anew.begin = 0;
  if (copy) {
    waiting_.push_front(std::move(anew));
    enter(*std::move(copy));
    return;
  }
  notices_.push_back(fmt::format("{}: was truncated; read from the beginning", anew.path));
  enter(std::move(anew));
}

// Whether another file stands at the path. None at all is no replacement: the new one is about to
// be made.
bool FollowedFile::was_replaced() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return false;
  return status.st_dev != current_.device || status.st_ino != current_.inode;
}

}  // namespace icm::ctl
