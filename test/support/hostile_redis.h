// SPDX-License-Identifier: Apache-2.0
//
// HostileRedis: listens on a loopback port, and answers whatever comes with octets of the test's.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "policy/base/redis_address.h"

namespace icm {

// One thread, one connection at a time.
class HostileRedis {
 public:
  enum class Afterwards {
    hold,   // the connection stays open, and nothing more is said
    close,  // it is closed behind the answer
  };

  // The answer goes out octet by octet, `pause` between each two, once for each connection.
  HostileRedis(std::string answer, Afterwards afterwards, std::chrono::milliseconds pause = {});
  ~HostileRedis();
  HostileRedis(const HostileRedis&) = delete;
  HostileRedis& operator=(const HostileRedis&) = delete;

  RedisAddress address() const;
  int connections() const { return connections_; }

 private:
  void serve();
  void answer(int connection);

  const std::string answer_;
  const Afterwards afterwards_;
  const std::chrono::milliseconds pause_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> is_ending_ = false;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

}  // namespace icm
