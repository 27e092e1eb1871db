// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/other_user.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "milter/ctl/doctor/context.h"
#include "policy/base/unique_fd.h"

namespace icm::ctl::doctor {
namespace {

constexpr std::size_t entry_octets = 65536;  // of one line of passwd, wherever it comes from
constexpr int most_groups = 1024;

std::vector<gid_t> groups_of(const std::string& name, gid_t group) {
  std::vector<gid_t> groups(most_groups);
  int count = most_groups;
  if (::getgrouplist(name.c_str(), group, groups.data(), &count) < 0) return {group};
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

sockaddr_un name_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return address;
}

}  // namespace

bool Context::is_hidden(const std::string& path) const {
  const uid_t user = ::geteuid();
  if (user == 0 || (daemon && user == *daemon)) return false;
  return ::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0 && errno == EACCES;
}

bool OtherUser::can_be_tried() { return ::geteuid() == 0; }

Result<OtherUser> OtherUser::named(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(entry_octets);
  if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr) {
    return fail(Code::config, fmt::format("there is no user {} on this host", name));
  }
  return OtherUser(name, entry.pw_uid, entry.pw_gid, groups_of(name, entry.pw_gid));
}

Result<OtherUser> OtherUser::of(uid_t user) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(entry_octets);
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return fail(Code::config, fmt::format("there is no user {} on this host", user));
  }
  return OtherUser(entry.pw_name, user, entry.pw_gid, groups_of(entry.pw_name, entry.pw_gid));
}

// The child does nothing but system calls: other threads of this process may have held any lock.
template <class Deed>
int OtherUser::try_as_child(Deadline deadline, const std::string& root, Deed deed) const {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) {
    int error = 0;
    if (!root.empty() && (::chroot(root.c_str()) != 0 || ::chdir("/") != 0)) error = errno;
    if (error == 0 && (::setgroups(groups_.size(), groups_.data()) != 0 || ::setgid(group_) != 0 ||
                       ::setuid(user_) != 0)) {
      error = errno;
    }
    if (error == 0) error = deed();
    static_cast<void>(!::write(writing.get(), &error, sizeof error));
    ::_exit(0);
  }
  writing = UniqueFd();
  pollfd wait{.fd = reading.get(), .events = POLLIN, .revents = 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left());
  int error = ETIMEDOUT;
  if (::poll(&wait, 1, static_cast<int>(left.count())) > 0) {
    if (::read(reading.get(), &error, sizeof error) != static_cast<ssize_t>(sizeof error)) {
      error = EIO;
    }
  } else {
    ::kill(child, SIGKILL);
  }
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return error;
}

int OtherUser::connect_error(const std::string& root, const std::string& directory,
                             const std::string& path, Deadline deadline) const {
  const sockaddr_un address = name_of(path);
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  return try_as_child(deadline, root, [&] {
    if (!directory.empty() && ::chdir(directory.c_str()) != 0) return errno;
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return errno;
    return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
               ? 0
               : errno;
  });
}

std::string OtherUser::first_impassable(const std::string& root, const std::string& directory,
                                        const std::string& path, Deadline deadline) const {
  const std::string whole = path.starts_with('/') ? path : directory + "/" + path;
  for (std::size_t end = 0; end != std::string::npos; end = whole.find('/', end + 1)) {
    const std::string above = end == 0 ? "/" : whole.substr(0, end);
    const int error = try_as_child(deadline, root, [&] {
      return ::faccessat(AT_FDCWD, above.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
    });
    if (error == EACCES) return above == "/" && !root.empty() ? root : root + above;
  }
  return {};
}

int OtherUser::access_error(const std::string& path, int mode, Deadline deadline) const {
  return try_as_child(deadline, {}, [&] {
    return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0 ? 0 : errno;
  });
}

}  // namespace icm::ctl::doctor
