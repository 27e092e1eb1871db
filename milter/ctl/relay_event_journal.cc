// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/relay_event_journal.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/base/text.h"
#include "policy/store/store_file.h"

namespace icm::ctl {
namespace {

constexpr int pause = 50;  // milliseconds between two tries at the lock

bool is_about_email(std::string_view type) {
  return type == to_string(RelayEvent::Type::email_disabled) ||
         type == to_string(RelayEvent::Type::email_enabled);
}

std::int64_t milliseconds(WallTime time) { return time.time_since_epoch().count(); }

tl::unexpected<Error> failed(const std::string& path, std::string_view what) {
  return fail(Code::temporary,
              fmt::format("{}: cannot {}: {}", path, what, std::generic_category().message(errno)));
}

}  // namespace

Result<RelayEventJournal> RelayEventJournal::open(const std::string& path, Deadline deadline) {
  // In a directory of the daemon's user, who must not choose what root writes to.
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return failed(path, "open");
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) return failed(path, "look at");
  if (!S_ISREG(about.st_mode) || about.st_nlink != 1) {
    return fail(Code::temporary,
                fmt::format("{}: expected a file of its own, found something else", path));
  }
  ICM_CHECK(give_to_owner_of_directory(file.get(), path));
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return failed(path, "lock");
    if (deadline.passed()) {
      return fail(Code::temporary, fmt::format("{}: another import holds it", path));
    }
    (void)::poll(nullptr, 0, pause);
  }
  RelayEventJournal journal(path, std::move(file));
  ICM_CHECK(journal.load());
  return journal;
}

Status RelayEventJournal::load() {
  std::string rest;
  off_t whole = 0;  // octets in lines that have their end
  std::array<char, 65536> chunk;
  for (;;) {
    const ssize_t count = ::read(file_.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(path_, "read");
    if (count == 0) break;
    rest.append(chunk.data(), static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (std::size_t end = rest.find('\n'); end != std::string::npos;
         end = rest.find('\n', begin)) {
      remember(std::string_view(rest).substr(begin, end - begin));
      begin = end + 1;
    }
    whole += static_cast<off_t>(begin);
    rest.erase(0, begin);
  }
  if (!rest.empty() && ::ftruncate(file_.get(), whole) != 0) return failed(path_, "mend");
  return {};
}

void RelayEventJournal::remember(std::string_view line) {
  const auto fields = split(line, '\t');
  if (fields.size() != 4) return;
  const auto time = parse_number(fields[1]);
  if (!time) return;
  ids_.emplace(fields[0]);
  if (!is_about_email(fields[2])) return;
  std::int64_t& latest = latest_[std::string(fields[3])];
  latest = std::max(latest, static_cast<std::int64_t>(*time));
}

bool RelayEventJournal::is_outdated(const RelayEvent& event) const {
  if (!is_about_email(to_string(event.type))) return false;
  const auto found = latest_.find(event.subject);
  if (found == latest_.end()) return false;
  // Of two at the same moment the one that ends mail holds.
  const bool opens = event.type == RelayEvent::Type::email_enabled;
  return milliseconds(event.time) < found->second + (opens ? 1 : 0);
}

Status RelayEventJournal::note(const RelayEvent& event) {
  std::string line = fmt::format("{}\t{}\t{}\t{}\n", event.id, milliseconds(event.time),
                                 to_string(event.type), event.subject);
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t count = ::write(file_.get(), left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(path_, "write");
    left.remove_prefix(static_cast<std::size_t>(count));
  }
  line.pop_back();
  remember(line);
  return {};
}

Status RelayEventJournal::sync() {
  if (::fdatasync(file_.get()) != 0) return failed(path_, "write");
  return {};
}

}  // namespace icm::ctl
