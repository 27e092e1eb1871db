// SPDX-License-Identifier: Apache-2.0
#include "milter/listening_socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "milter/callbacks.h"
#include "milter/unique_fd.h"
#include "policy/config/socket_address.h"

namespace icm {
namespace {

constexpr std::string_view suffix_while_made = ".new";

std::string reason(int error) { return std::generic_category().message(error); }

tl::unexpected<Error> refuse(std::string text) {
  return fail(Code::config, fmt::format("socket.address: {}", text));
}

// -1 leaves user or group as it is.
struct Ownership {
  uid_t user = static_cast<uid_t>(-1);
  gid_t group = static_cast<gid_t>(-1);
};

Result<Ownership> ownership(const SocketConfig& config) {
  Ownership owner;
  if (!config.owner.empty()) {
    const passwd* const user = ::getpwnam(config.owner.c_str());
    if (user == nullptr) {
      return fail(Code::config,
                  fmt::format("socket.owner: this host has no user \"{}\"", config.owner));
    }
    owner.user = user->pw_uid;
  }
  if (!config.group.empty()) {
    const group* const group = ::getgrnam(config.group.c_str());
    if (group == nullptr) {
      return fail(Code::config, fmt::format("socket.group: this host has no group \"{}\"; name the "
                                            "mail server's group, or leave it empty",
                                            config.group));
    }
    owner.group = group->gr_gid;
  }
  return owner;
}

Status give_to(const std::string& path, const SocketConfig& config, const Ownership& owner) {
  if (::chown(path.c_str(), owner.user, owner.group) == 0) return {};
  return fail(
      Code::config,
      fmt::format("socket.owner, socket.group: cannot give {} to \"{}\", \"{}\": {}; run the "
                  "daemon as root or as a member of that group",
                  path, config.owner, config.group, reason(errno)));
}

// Mail server and daemon must be able to pass through; others need not.
Status make_directory(const std::string& directory, const SocketConfig& config,
                      const Ownership& owner) {
  if (::mkdir(directory.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return refuse(fmt::format("cannot make the directory {}: {}", directory, reason(errno)));
  }
  ICM_CHECK(give_to(directory, config, owner));
  const mode_t mode = config.group.empty() ? 0755 : 0750;
  if (::chmod(directory.c_str(), mode) == 0) return {};
  return refuse(fmt::format("cannot set the mode of {}: {}", directory, reason(errno)));
}

// Fine when nothing lies at `path`, or a socket where nobody answers.
Status check_vacant(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return refuse(fmt::format("cannot look at {}: {}", path, reason(errno)));
  }
  if (!S_ISSOCK(status.st_mode)) {
    return refuse(
        fmt::format("{} is there and is no socket; remove it, or name another path", path));
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN) {
    return refuse(
        fmt::format("another daemon answers at {}; stop it first, or name another path", path));
  }
  if (errno == ECONNREFUSED || errno == ENOENT) return {};
  return refuse(
      fmt::format("cannot tell whether another daemon answers at {}: {}", path, reason(errno)));
}

// Binds `path` with no permissions for anybody else until they are set.
Status bind_privately(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return refuse(
        fmt::format("{} is longer than a unix socket's path may be; name a shorter one", path));
  }
  ::unlink(path.c_str());
  const mode_t before = ::umask(0177);
  const Status status = open_milter_socket("unix:" + path);
  ::umask(before);
  return status;
}

Status dress(const std::string& made, const std::string& path, const SocketConfig& config,
             const Ownership& owner) {
  ICM_CHECK(give_to(made, config, owner));
  if (::chmod(made.c_str(), static_cast<mode_t>(config.mode)) != 0) {
    return refuse(fmt::format("cannot set the mode of {}: {}", made, reason(errno)));
  }
  if (::rename(made.c_str(), path.c_str()) != 0) {
    return refuse(fmt::format("cannot rename {} to {}: {}", made, path, reason(errno)));
  }
  return {};
}

// libmilter says only that it failed; a socket of our own says why.
Status try_to_bind(const SocketAddress& address) {
  addrinfo hints{};
  hints.ai_family = address.family == SocketAddress::Family::inet6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int status =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (status != 0) {
    return refuse(
        fmt::format("cannot find the address {}: {}", address.host, ::gai_strerror(status)));
  }
  const UniqueFd probe(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool is_free = ::bind(probe.get(), found->ai_addr, found->ai_addrlen) == 0;
  const int error = errno;
  ::freeaddrinfo(found);
  if (is_free) return {};
  return refuse(fmt::format("cannot listen on {}: {}", address.text(), reason(error)));
}

}  // namespace

Result<ListeningSocket> ListeningSocket::open(const SocketConfig& config) {
  const auto address = SocketAddress::parse(config.address);
  if (!address) return refuse(address.error().text);
  ListeningSocket socket;
  if (address->family != SocketAddress::Family::unix_path) {
    ICM_CHECK(try_to_bind(*address));
    ICM_CHECK(open_milter_socket(address->text()));
    return socket;
  }
  const std::string& path = address->path;
  const std::string directory = std::filesystem::path(path).parent_path();
  ICM_TRY(const Ownership owner, ownership(config));
  ICM_CHECK(make_directory(directory, config, owner));
  // Two daemons that start at once look one after the other.
  const UniqueFd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock || ::flock(lock.get(), LOCK_EX) != 0) {
    return refuse(fmt::format("cannot lock the directory {}: {}", directory, reason(errno)));
  }
  ICM_CHECK(check_vacant(path));
  const std::string made = path + std::string(suffix_while_made);
  ICM_CHECK(bind_privately(made));
  if (const Status status = dress(made, path, config, owner); !status) {
    ::unlink(made.c_str());
    return tl::make_unexpected(status.error());
  }
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return refuse(fmt::format("{} vanished as it was made: {}", path, reason(errno)));
  }
  socket.path_ = path;
  socket.device_ = status.st_dev;
  socket.inode_ = status.st_ino;
  return socket;
}

void ListeningSocket::withdraw() {
  struct stat status {};
  if (path_.empty() || ::lstat(path_.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) ::unlink(path_.c_str());
  path_.clear();
}

}  // namespace icm
