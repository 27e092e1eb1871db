// SPDX-License-Identifier: Apache-2.0
//
// RedisProcess: a real Redis server, or a Sentinel, on a loopback port of its own; and the trios
// and clusters that are made of several.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "policy/base/redis_address.h"
#include "policy/store/redis_topology.h"
#include "test/support/temporary_directory.h"

namespace icm {

// Killed and reaped when destroyed. Throws when it does not start. Never the port of a server that
// is no test's.
class RedisProcess {
 public:
  enum class Kind { server, sentinel };

  // `settings` are lines of redis.conf. Nothing is kept over a restart unless they say so.
  explicit RedisProcess(const std::string& settings = {}, Kind kind = Kind::server);
  ~RedisProcess();
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  int port() const { return port_; }
  RedisAddress address() const;
  const std::filesystem::path& directory() const { return directory_.path(); }

  void stop();   // at once, as by a power cut of the process
  void start();  // again, at the same port and with the same files
  void freeze();
  void thaw();

  // One command over a connection of its own. Throws when there is no answer.
  RedisReply ask(const RedisCommand& command, const RedisLogin& login = {}) const;

 private:
  // Whether this is what INFO says of the process; true where it says nothing of it.
  bool is_ours(const RedisReply& info) const;
  bool try_start();

  TemporaryDirectory directory_;
  Kind kind_;
  int port_ = 0;
  pid_t pid_ = -1;
};

// Waits until `is_so` and throws when it does not become so.
void await(const std::string& what, const std::function<bool()>& is_so);

// For questions that shall be answered: a machine that stands still for seconds is no failure of
// the server.
RedisOptions patient_options();

// A master, a replica, and three Sentinels that call the master "mail".
struct SentinelTrio {
  SentinelTrio();
  RedisOptions options() const;
  // From now on half a second of silence is a failure; before, only minutes are.
  void allow_failover() const;

  std::unique_ptr<RedisProcess> master;
  std::unique_ptr<RedisProcess> replica;
  std::vector<std::unique_ptr<RedisProcess>> sentinels;
};

// Three masters, and a replica of the first.
struct RedisClusterNodes {
  enum class Replica { none, of_first };
  explicit RedisClusterNodes(Replica replica = Replica::none);
  RedisOptions options() const;
  // From now on a second of silence is a failure; before, only minutes are.
  void allow_failover() const;

  std::vector<std::unique_ptr<RedisProcess>> nodes;
};

}  // namespace icm
