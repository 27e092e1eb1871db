// SPDX-License-Identifier: Apache-2.0
//
// SocketFile: a unix socket's path, put in place so that nobody ever sees it half made.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "policy/base/result.h"

namespace icm {

// -1 stands for "as it is".
struct Ownership {
  uid_t user = static_cast<uid_t>(-1);
  gid_t group = static_cast<gid_t>(-1);
  bool operator==(const Ownership&) const = default;
};

// What the configuration says of a socket, and how an Error calls its options.
struct SocketPlace {
  std::string path;
  std::string owner;  // names of user and group; empty keeps the daemon's
  std::string group;
  mode_t mode = 0;
  std::string_view section;      // "socket"
  std::string_view path_option;  // "socket.address"
  std::string_view group_hint;   // which group to name: "the mail server's group"
};

// User and group of this host. An Error names the option.
[[nodiscard]] Result<Ownership> ownership_of(const SocketPlace& place);

// The socket is bound under another name beside its own, given its owner, group and mode, and then
// renamed: it is never to be had with wrong permissions, and what a dead daemon left behind is
// replaced in one step.
class SocketFile {
 public:
  // Without a path: withdraw() does nothing.
  SocketFile() = default;

  // Whether put() could succeed as far as names go: user, group, length of the path. Touches no
  // file.
  [[nodiscard]] static Status check(const SocketPlace& place);

  // Fine when nothing lies at the path, or a socket where nobody answers.
  [[nodiscard]] static Status check_vacant(const SocketPlace& place);

  // Binds a socket at the path it is given, and listens.
  using Bind = std::function<Status(const std::string& path)>;

  // Makes the directory when only that is missing. Refuses, with Code::config, a path where another
  // daemon answers, and one where something other than a socket lies; neither is touched.
  [[nodiscard]] static Result<SocketFile> put(const SocketPlace& place, const Bind& bind);

  // Takes the path away, so that nobody connects any more; connections that are open stay. A path
  // that a successor has taken over is left alone.
  void withdraw();

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace icm
