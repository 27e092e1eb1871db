// SPDX-License-Identifier: Apache-2.0
//
// LocalListener: a socket of our own that takes connections, at a path or at a port of this host.
#pragma once

#include <string>
#include <string_view>

#include "milter/socket_file.h"
#include "policy/base/result.h"
#include "policy/base/unique_fd.h"

namespace icm {

// What the configuration says of it, and how an Error calls its options: SECTION.address,
// SECTION.owner, SECTION.group.
struct ListenerPlace {
  std::string address;  // as SocketAddress writes it
  std::string owner;
  std::string group;
  int mode = 0;
  std::string_view section;     // "metrics"
  std::string_view group_hint;  // which group to name: "the web server's group"
};

class LocalListener {
 public:
  // Whether this host has the user and the group, and the path may be a socket's. Touches nothing.
  // An empty address is fine.
  [[nodiscard]] static Status check(const ListenerPlace& place);

  // Listens without blocking; `backlog` connections may wait. Code::config with the option and what
  // is in the way.
  [[nodiscard]] static Result<LocalListener> open(const ListenerPlace& place, int backlog);

  // Hands the socket on. The path stays this object's business.
  UniqueFd take_socket() { return std::move(socket_); }

  // Takes the path of a unix socket away, so that nobody connects any more.
  void withdraw() { file_.withdraw(); }

 private:
  UniqueFd socket_;
  SocketFile file_;
};

}  // namespace icm
