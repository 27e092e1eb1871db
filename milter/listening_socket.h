// SPDX-License-Identifier: Apache-2.0
//
// ListeningSocket: the socket of the daemon, put in place so that nobody ever sees it half made.
#pragma once

#include <string>

#include <sys/types.h>

#include "policy/base/result.h"
#include "policy/config/config.h"

namespace icm {

// A unix socket is bound under another name beside its own, given its owner, group and mode, and
// then renamed: it is never to be had with wrong permissions, and what a dead daemon left behind is
// replaced in one step. libmilter holds the descriptor.
class ListeningSocket {
 public:
  // Makes the directory of a unix socket when only that is missing. Refuses, with Code::config, a
  // path where another daemon answers, and one where something other than a socket lies; neither is
  // touched. Called once in a process, after register_callbacks.
  [[nodiscard]] static Result<ListeningSocket> open(const SocketConfig& config);

  // Takes the path away, so that nobody connects any more; connections that are open stay. A path
  // that a successor has taken over is left alone.
  void withdraw();

 private:
  ListeningSocket() = default;
  std::string path_;  // empty when not a unix socket
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace icm
