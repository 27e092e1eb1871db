// SPDX-License-Identifier: Apache-2.0
//
// RedisNode: one Redis or Valkey server, asked by any number of threads.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "policy/store/redis_breaker.h"
#include "policy/store/redis_connection.h"

namespace icm {

// Safe from any thread. Keeps its connections open for the next questions; at most
// `most_connections` at a time, and who needs one more waits within its deadline.
class RedisNode {
 public:
  static constexpr int most_connections = 32;
  static constexpr std::size_t most_idle = 8;

  // Whether a server that is no master is refused (Code::temporary) when a connection is made.
  enum class Role { any, master };

  // A server that was given less time than this to answer and did not has not failed.
  static constexpr std::chrono::milliseconds fair_chance{100};

  // No wait for an answer is longer than `timeout`.
  RedisNode(RedisAddress address, RedisLogin login, Role role, std::chrono::milliseconds timeout);

  // As RedisConnection::exchange. An Error at once when the server failed too often just now.
  [[nodiscard]] Result<std::vector<RedisReply>> ask(const std::vector<RedisCommand>& commands,
                                                    Deadline deadline);

  const RedisAddress& address() const { return address_; }

 private:
  [[nodiscard]] Status take_turn(Deadline deadline);
  [[nodiscard]] Result<RedisConnection> connection(Deadline deadline);
  [[nodiscard]] Status check_role(RedisConnection& connection, Deadline deadline) const;
  enum class Ending {
    answered,
    hurried,  // there was not the time that any server needs
    failed,
  };
  void give_back(std::optional<RedisConnection> connection, Ending ending,
                 std::string_view why = {});

  const RedisAddress address_;
  const RedisLogin login_;
  const Role role_;
  const std::chrono::milliseconds timeout_;
  mutable std::mutex mutex_;
  std::condition_variable turn_is_free_;
  int turns_ = 0;
  std::vector<RedisConnection> idle_;
  RedisBreaker breaker_;
};

}  // namespace icm
