// SPDX-License-Identifier: Apache-2.0
#include "policy/store/rate_journal.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/base/text.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

// Line: "slot's begin, its length, how many count, s or c, p or u, units, pace, counter".
constexpr std::string_view first_line = "icloud-milter rates 1";
constexpr std::size_t least_lines = 4096;  // below which a file is not written anew
constexpr std::size_t longest_counter = 512;
constexpr std::int64_t longest_slot = std::int64_t{366} * 86'400'000;
constexpr std::uint64_t latest = 253'402'300'800'000;  // the year 10000
constexpr int pause = 20;                          // milliseconds between two tries for the lock
constexpr std::uint64_t most_octets = 256u << 20;  // of a journal; ours rewrites long before

std::optional<std::int64_t> whole(std::string_view text, std::uint64_t most) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const auto number = parse_number(text);
  if (!number || *number > most) return std::nullopt;
  const auto value = static_cast<std::int64_t>(*number);
  return is_negative ? -value : value;
}

bool write_all(int fd, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t written = ::write(fd, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string lines_of(const std::vector<RateEntry>& entries) {
  std::string lines;
  for (const RateEntry& entry : entries) lines += to_line(entry);
  return lines;
}

}  // namespace

std::string to_line(const RateEntry& entry) {
  return fmt::format("{} {} {} {} {} {} {} {}\n", entry.at, entry.slots.length, entry.slots.slots,
                     entry.reckoning == Reckoning::calendar ? 'c' : 's',
                     entry.is_pinned ? 'p' : 'u', entry.units, entry.pace, entry.counter);
}

std::optional<RateEntry> rate_entry(std::string_view line) {
  const std::vector<std::string_view> words = split(line, ' ');
  if (words.size() != 8) return std::nullopt;
  const auto at = whole(words[0], latest);
  const auto length = whole(words[1], longest_slot);
  const auto slots = whole(words[2], 62);
  const auto units = whole(words[5], 0xffffffff);
  const auto pace = whole(words[6], latest * 1000);
  const bool is_calendar = words[3] == "c";
  if (!at || !length || !slots || !units || !pace || *at < 0 || *length < 1 || *slots < 1 ||
      *pace < 0 || (!is_calendar && words[3] != "s") || (words[4] != "p" && words[4] != "u") ||
      words[7].empty() || words[7].size() > longest_counter || !is_printable(words[7])) {
    return std::nullopt;
  }
  return RateEntry{.counter = std::string(words[7]),
                   .slots = {.length = *length, .slots = *slots},
                   .reckoning = is_calendar ? Reckoning::calendar : Reckoning::sliding,
                   .is_pinned = words[4] == "p",
                   .at = *at,
                   .units = *units,
                   .pace = *pace};
}

// Where no file can be made, none can be written either: append() tells of that.
Status RateJournal::hold(Deadline deadline) {
  const std::string path = path_ + ".lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640));
  if (!fd || !give_to_owner_of_directory(fd.get(), path)) return {};
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return {};
    if (deadline.passed()) {
      return fail(Code::config,
                  fmt::format("{}: another daemon counts here, or mail that began before a reload; "
                              "give each daemon a store.path of its own, or let them count "
                              "together with store.kind: redis",
                              path_));
    }
    static_cast<void>(::poll(nullptr, 0, pause));
  }
  held_ = std::move(fd);
  return {};
}

Result<std::vector<RateEntry>> RateJournal::read() {
  std::vector<RateEntry> entries;
  const UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return entries;
  if (!fd) {
    return fail(Code::config, fmt::format("{}: cannot be read: {}", path_, std::strerror(errno)));
  }
  std::string text;
  std::array<char, 65536> chunk{};
  ssize_t count = 0;
  while (text.size() < most_octets && (count = ::read(fd.get(), chunk.data(), chunk.size())) != 0) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  if (count < 0) {
    return fail(Code::config, fmt::format("{}: cannot be read: {}", path_, std::strerror(errno)));
  }
  std::vector<std::string_view> lines = split(text, '\n');
  const bool is_torn = !lines.back().empty();
  lines.pop_back();
  if (!lines.empty() && lines.front() != first_line) {
    return fail(Code::config,
                fmt::format("{}: expected a file that begins with \"{}\", found \"{}\"; move it "
                            "away, and counting begins anew",
                            path_, first_line, for_log(lines.front(), 40)));
  }
  std::size_t unreadable = 0;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (auto entry = rate_entry(lines[i])) {
      entries.push_back(*std::move(entry));
    } else {
      ++unreadable;
    }
  }
  if (unreadable > 0) {
    tell_(fmt::format("{}: {} of {} lines cannot be read and are left out", path_, unreadable,
                      lines.size() - 1));
  }
  file_.is_torn = is_torn;
  file_.lines = lines.empty() ? 0 : lines.size() - 1;
  return entries;
}

void RateJournal::append(const std::vector<RateEntry>& entries,
                         const std::function<std::vector<RateEntry>()>& all) {
  if (!held_ && !hold(Deadline::in(std::chrono::milliseconds{0}))) {
    errno = EBUSY;
    return failed("written");
  }
  const bool is_long = file_.lines > std::max(least_lines, 4 * file_.lines_needed);
  const bool is_done =
      is_long || file_.is_failing || file_.is_spoilt ? write_anew(all()) : write(entries);
  if (!is_done || !file_.is_failing) return;
  file_.is_failing = false;
  tell_(fmt::format("{}: can be written again", path_));
}

bool RateJournal::write(const std::vector<RateEntry>& entries) {
  std::string lines = lines_of(entries);
  if (!file_.fd) {
    file_.fd = UniqueFd(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
    struct stat status {};
    if (!file_.fd || ::fstat(file_.fd.get(), &status) != 0) {
      failed("opened");
      return false;
    }
    if (status.st_size == 0) {
      lines = fmt::format("{}\n{}", first_line, lines);
      if (!give_to_owner_of_directory(file_.fd.get(), path_)) {
        failed("given to the owner of its directory");
        return false;
      }
    }
  }
  if (file_.is_torn) lines.insert(0, "\n");
  if (!write_all(file_.fd.get(), lines)) {
    failed("written");
    return false;
  }
  file_.is_torn = false;
  file_.lines += entries.size();
  return true;
}

bool RateJournal::write_anew(const std::vector<RateEntry>& entries) {
  const std::string fresh = path_ + ".new";
  UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  const bool is_written =
      fd && give_to_owner_of_directory(fd.get(), path_).has_value() &&
      write_all(fd.get(), fmt::format("{}\n{}", first_line, lines_of(entries))) &&
      ::rename(fresh.c_str(), path_.c_str()) == 0;
  if (!is_written) {
    failed("written");
    ::unlink(fresh.c_str());
    return false;
  }
  file_.fd = std::move(fd);
  file_.lines = entries.size();
  file_.lines_needed = entries.size();
  file_.is_torn = false;
  file_.is_spoilt = false;
  return true;
}

void RateJournal::failed(std::string_view deed) {
  const int why = errno;
  file_.is_torn = true;
  if (file_.is_failing) return;
  file_.is_failing = true;
  tell_(
      fmt::format("{}: cannot be {}: {}; limits are counted in memory until it can, and a restart "
                  "would forget what they count",
                  path_, deed, std::strerror(why)));
}

}  // namespace icm
