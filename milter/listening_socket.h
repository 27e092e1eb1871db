// SPDX-License-Identifier: Apache-2.0
//
// ListeningSocket: the socket of the daemon that the mail server connects to.
#pragma once

#include "milter/socket_file.h"
#include "policy/base/result.h"
#include "policy/config/config.h"

namespace icm {

// A unix socket is put there as SocketFile does. libmilter holds the descriptor.
class ListeningSocket {
 public:
  // Whether this host has the user and the group, and the path may be a socket's. Touches nothing.
  [[nodiscard]] static Status check(const SocketConfig& config);

  // Whether nobody else listens there: for a daemon to ask before it opens what only one may have.
  // Code::config, as open() says it.
  [[nodiscard]] static Status check_vacant(const SocketConfig& config);

  // Refuses, with Code::config, an address where another daemon answers, and a path where something
  // other than a socket lies. Called once in a process, after register_callbacks.
  [[nodiscard]] static Result<ListeningSocket> open(const SocketConfig& config);

  // Takes the path of a unix socket away, so that nobody connects any more; connections that are
  // open stay.
  void withdraw();

 private:
  ListeningSocket() = default;
  SocketFile file_;
};

}  // namespace icm
