// SPDX-License-Identifier: Apache-2.0
#include "milter/socket_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/base/unique_fd.h"

namespace icm {
namespace {

constexpr std::string_view suffix_while_made = ".new";

std::string reason(int error) { return std::generic_category().message(error); }

tl::unexpected<Error> refuse(const SocketPlace& place, std::string_view text) {
  return fail(Code::config, fmt::format("{}: {}", place.path_option, text));
}

Status give_to(const std::string& path, const SocketPlace& place, const Ownership& owner) {
  if (::chown(path.c_str(), owner.user, owner.group) == 0) return {};
  return fail(
      Code::config,
      fmt::format("{0}.owner, {0}.group: cannot give {1} to \"{2}\", \"{3}\": {4}; run the daemon "
                  "as root or as a member of that group",
                  place.section, path, place.owner, place.group, reason(errno)));
}

// Mail server and daemon must be able to pass through; others need not.
Status make_directory(const std::string& directory, const SocketPlace& place,
                      const Ownership& owner) {
  if (::mkdir(directory.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return refuse(place, fmt::format("cannot make the directory {}: {}", directory, reason(errno)));
  }
  ICM_CHECK(give_to(directory, place, owner));
  const mode_t mode = place.group.empty() ? 0755 : 0750;
  if (::chmod(directory.c_str(), mode) == 0) return {};
  return refuse(place, fmt::format("cannot set the mode of {}: {}", directory, reason(errno)));
}

// Binds `path` with no permissions for anybody else until they are set.
Status bind_privately(const std::string& path, const SocketFile::Bind& bind) {
  ::unlink(path.c_str());
  const mode_t before = ::umask(0177);
  const Status status = bind(path);
  ::umask(before);
  return status;
}

Status dress(const std::string& made, const SocketPlace& place, const Ownership& owner) {
  const std::string& path = place.path;
  ICM_CHECK(give_to(made, place, owner));
  if (::chmod(made.c_str(), place.mode) != 0) {
    return refuse(place, fmt::format("cannot set the mode of {}: {}", made, reason(errno)));
  }
  if (::rename(made.c_str(), path.c_str()) != 0) {
    return refuse(place, fmt::format("cannot rename {} to {}: {}", made, path, reason(errno)));
  }
  return {};
}

}  // namespace

Result<Ownership> ownership_of(const SocketPlace& place) {
  Ownership owner;
  if (!place.owner.empty()) {
    const passwd* const user = ::getpwnam(place.owner.c_str());
    if (user == nullptr) {
      return fail(Code::config, fmt::format("{}.owner: this host has no user \"{}\"", place.section,
                                            place.owner));
    }
    owner.user = user->pw_uid;
  }
  if (!place.group.empty()) {
    const group* const group = ::getgrnam(place.group.c_str());
    if (group == nullptr) {
      return fail(Code::config,
                  fmt::format("{}.group: this host has no group \"{}\"; name {}, or leave it empty",
                              place.section, place.group, place.group_hint));
    }
    owner.group = group->gr_gid;
  }
  return owner;
}

Status SocketFile::check(const SocketPlace& place) {
  ICM_CHECK(ownership_of(place));
  // It is bound under the longer name.
  if (place.path.size() + suffix_while_made.size() < sizeof(sockaddr_un::sun_path)) return {};
  return refuse(place,
                fmt::format("{}{} is longer than a unix socket's path may be; name a shorter one",
                            place.path, suffix_while_made));
}

Status SocketFile::check_vacant(const SocketPlace& place) {
  const std::string& path = place.path;
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return refuse(place, fmt::format("cannot look at {}: {}", path, reason(errno)));
  }
  if (!S_ISSOCK(status.st_mode)) {
    return refuse(
        place, fmt::format("{} is there and is no socket; remove it, or name another path", path));
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN) {
    return refuse(
        place,
        fmt::format("another daemon answers at {}; stop it first, or name another path", path));
  }
  if (errno == ECONNREFUSED || errno == ENOENT) return {};
  return refuse(place, fmt::format("cannot tell whether another daemon answers at {}: {}", path,
                                   reason(errno)));
}

Result<SocketFile> SocketFile::put(const SocketPlace& place, const Bind& bind) {
  ICM_CHECK(check(place));
  const std::string directory = std::filesystem::path(place.path).parent_path();
  ICM_TRY(const Ownership owner, ownership_of(place));
  ICM_CHECK(make_directory(directory, place, owner));
  // Two daemons that start at once look one after the other.
  const UniqueFd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock || ::flock(lock.get(), LOCK_EX) != 0) {
    return refuse(place, fmt::format("cannot lock the directory {}: {}", directory, reason(errno)));
  }
  ICM_CHECK(check_vacant(place));
  const std::string made = place.path + std::string(suffix_while_made);
  ICM_CHECK(bind_privately(made, bind));
  if (const Status status = dress(made, place, owner); !status) {
    ::unlink(made.c_str());
    return tl::make_unexpected(status.error());
  }
  struct stat status {};
  if (::lstat(place.path.c_str(), &status) != 0) {
    return refuse(place, fmt::format("{} vanished as it was made: {}", place.path, reason(errno)));
  }
  SocketFile file;
  file.path_ = place.path;
  file.device_ = status.st_dev;
  file.inode_ = status.st_ino;
  return file;
}

void SocketFile::withdraw() {
  struct stat status {};
  if (path_.empty() || ::lstat(path_.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) ::unlink(path_.c_str());
  path_.clear();
}

}  // namespace icm
