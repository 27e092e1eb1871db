// SPDX-License-Identifier: Apache-2.0
//
// ControlServer: the daemon's end of the control socket. It reads requests and writes answers; what
// they mean is the desk's business.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <sys/types.h>

#include "milter/control_protocol.h"
#include "milter/log.h"
#include "milter/socket_file.h"
#include "policy/base/unique_fd.h"
#include "policy/config/control_config.h"

namespace icm {

// Who is at the other end, as the kernel says (SO_PEERCRED, unix(7)).
struct ControlPeer {
  uid_t user = 0;
  pid_t process = 0;
};

// "root (uid 0, pid 4711)". May ask a directory server for the name, so it may wait.
std::string to_string(const ControlPeer& peer);

// Gives the line to answer with, without LF, to the client. Does not wait, may be called from any
// thread and at any time, also when client or server are gone; only the first call counts.
using ControlAnswer = std::function<void(std::string line)>;

class ControlDesk {
 public:
  virtual ~ControlDesk() = default;

  // Called in the server's thread, and must not wait for long: no other client is served meanwhile.
  // `answer` may be called now or later.
  virtual void asked(ControlRequest request, const ControlPeer& peer, ControlAnswer answer) = 0;
};

// A thread of its own that serves a few clients at once and waits for none of them: whoever sends
// no line, sends too much or does not read its answer is let go after a while. Sessions know
// nothing of it. Serves root, the daemon's user, and those that the configuration names (owner,
// group).
class ControlServer {
 public:
  struct Limits {
    std::size_t clients = 8;                         // at once; further ones wait to be let in
    std::chrono::milliseconds patience{5000};        // for a line to come, and for one to be taken
    std::chrono::milliseconds desk_patience{60000};  // for the answer
  };

  // Whether this host has the user and the group, and the path may be a socket's. Touches nothing.
  [[nodiscard]] static Status check(const ControlConfig& config);

  // `desk` and `log` outlive this. The Error says which option of `control` is wrong, or what
  // cannot be made; a path where another daemon answers is left alone.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> open(const ControlConfig& config,
                                                                   ControlDesk& desk, Log& log,
                                                                   Limits limits);
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> open(const ControlConfig& config,
                                                                   ControlDesk& desk, Log& log);

  // Takes the path away, and closes every connection.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  class Loop;
  ControlServer(SocketFile file, std::unique_ptr<Loop> loop);

  SocketFile file_;
  std::unique_ptr<Loop> loop_;
  std::thread thread_;
};

}  // namespace icm
