// SPDX-License-Identifier: Apache-2.0
//
// RedisConnection: one connection to a Redis or Valkey server, with a deadline on everything.
#pragma once

#include <string>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/base/redis_address.h"
#include "policy/base/unique_fd.h"
#include "policy/store/redis_protocol.h"

namespace icm {

// Who we are to a server. Without a password nobody logs in; without a name the password does.
struct RedisLogin {
  std::string user;
  std::string password;
  bool operator==(const RedisLogin&) const = default;
};

// Not synchronised. After an Error from it a connection is of no use any more.
class RedisConnection {
 public:
  // Connects and logs in. Code::temporary when the server cannot be reached by `deadline`,
  // Code::config when it refuses the login.
  [[nodiscard]] static Result<RedisConnection> open(const RedisAddress& address,
                                                    const RedisLogin& login, Deadline deadline);

  // Sends the commands together and reads as many replies. A reply that is an error of the server
  // is a reply; an Error means that replies are missing, and that nobody knows what was done.
  [[nodiscard]] Result<std::vector<RedisReply>> exchange(const std::vector<RedisCommand>& commands,
                                                         Deadline deadline);

  // False when the server has closed it, or has said something that nobody asked: what is asked
  // next would get the answer to that.
  bool is_quiet() const;

 private:
  RedisConnection(std::string name, UniqueFd socket, RedisReplyReader reader)
      : name_(std::move(name)), socket_(std::move(socket)), reader_(std::move(reader)) {}

  [[nodiscard]] Status log_in(const RedisLogin& login, Deadline deadline);
  [[nodiscard]] Status send_some(std::string_view& octets);
  [[nodiscard]] Status receive_some();

  std::string name_;
  UniqueFd socket_;
  RedisReplyReader reader_;
};

}  // namespace icm
