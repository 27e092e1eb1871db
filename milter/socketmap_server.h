// SPDX-License-Identifier: Apache-2.0
//
// SocketmapServer: the daemon's end of Postfix's socketmap. It reads questions and writes answers;
// which they are is the desk's business.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <thread>

#include "milter/local_listener.h"
#include "milter/log.h"
#include "milter/route_desk.h"
#include "policy/base/result.h"
#include "policy/config/routing_config.h"

namespace icm {

// A thread of its own serves all connections and waits for none of them, nor for the DNS: who asks
// for what is not known yet is answered when that has come, or told to ask later (WaitBudget); the
// answer is then known. A client that sends what is no question, sends no end of one, does not read
// its answers, or says nothing for long, is let go; all that is held for one is bounded. Questions
// that come ahead of an answer are taken one after the other.
class SocketmapServer {
 public:
  struct Limits {
    std::size_t connections = 256;             // at once; further ones wait to be let in
    std::chrono::milliseconds idle{120000};    // between two questions
    std::chrono::milliseconds patience{5000};  // for a question to come, and an answer to be taken
  };
  static Limits limits_of(const SocketmapConfig& config);

  // Whether this host has the user and the group, and the path may be a socket's. Touches nothing.
  [[nodiscard]] static Status check(const SocketmapConfig& config);

  // `desk` and `log` outlive this. The Error says which option is wrong, or what cannot be made.
  [[nodiscard]] static Result<std::unique_ptr<SocketmapServer>> open(const SocketmapConfig& config,
                                                                     RouteDesk& desk, Log& log,
                                                                     Limits limits);

  // Takes the path away and closes every connection; waits for nobody.
  ~SocketmapServer();
  SocketmapServer(const SocketmapServer&) = delete;
  SocketmapServer& operator=(const SocketmapServer&) = delete;

  std::size_t connections() const;  // now

 private:
  class Wake;
  class Loop;
  SocketmapServer(LocalListener listener, std::unique_ptr<Loop> loop);

  LocalListener listener_;
  std::unique_ptr<Loop> loop_;
  std::thread thread_;
};

}  // namespace icm
