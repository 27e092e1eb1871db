// SPDX-License-Identifier: Apache-2.0
//
// RedisClient: commands and scripts for whichever server has the key, within a deadline.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/store/redis_topology.h"

namespace icm {

// A Lua script; what it is called with must be given in full (RedisClient::run).
class RedisScript {
 public:
  explicit RedisScript(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }

  // The server's name for it, once one was asked; the same on every server.
  std::string digest() const {
    return digest_.with([](const std::string& digest) { return digest; });
  }
  void set_digest(std::string digest) const {
    digest_.with([&](std::string& known) { known = std::move(digest); });
  }

 private:
  std::string text_;
  mutable Guarded<std::string> digest_;
};

// When a change counts.
enum class Durability {
  written,     // the server has made it, as safely as it is told to
  replicated,  // a replica has it, too: with Sentinels always, in a cluster if the master has one
};

struct RedisCall {
  std::vector<std::string> keys;  // at least one, all of the same slot
  std::vector<std::string> arguments;
};

// Safe from any thread. After a failover or a move of slots a question is put again to the server
// that has the key now, so what is asked must bear being done twice. An answer that is an error of
// the server becomes an Error: Code::config when it does not let us, Code::temporary when it may
// answer later, Code::permanent otherwise.
class RedisClient {
 public:
  explicit RedisClient(const RedisOptions& options);

  [[nodiscard]] Result<RedisReply> ask(std::string_view key, const RedisCommand& command,
                                       Deadline deadline);

  [[nodiscard]] Result<RedisReply> run(const RedisScript& script, const RedisCall& call,
                                       Deadline deadline);

  // The same script for many keys, the calls for one server in one go.
  [[nodiscard]] Result<std::vector<RedisReply>> run_each(
      const RedisScript& script, const std::vector<RedisCall>& calls, Deadline deadline,
      Durability durability = Durability::written);

  // A command that changes `key`, made by a script of its own: it counts once a replica has it,
  // where there has to be one.
  [[nodiscard]] Result<RedisReply> change(const std::string& key, const RedisCommand& command,
                                          Deadline deadline);

  // The same question to every server that has one of the keys, each once: its address and its
  // answer, errors included.
  [[nodiscard]] Result<std::map<std::string, RedisReply>> ask_each_server(
      const std::vector<std::string>& keys, const RedisCommand& command, Deadline deadline);

  // Which servers these are, for people.
  std::string text() const { return topology_->text(); }

 private:
  [[nodiscard]] Result<RedisReply> ask_raw(std::string_view key, const RedisCommand& command,
                                           Deadline deadline);
  [[nodiscard]] Result<RedisReply> ask_there(RedisNodeRef node, const RedisCommand& command,
                                             Deadline deadline);
  [[nodiscard]] Status check_replicated(const RedisNode& node, const RedisReply& reply);

  using Share = std::vector<std::size_t>;  // of calls, by their place

  // One call, followed to whichever server has the key, until a replica has what it changed.
  [[nodiscard]] Result<RedisReply> run_replicated(const RedisScript& script, const RedisCall& call,
                                                  Deadline deadline);
  [[nodiscard]] Status run_share_replicated(RedisNode& node, const RedisScript& script,
                                            const std::vector<RedisCall>& calls, const Share& share,
                                            std::vector<RedisReply>& answers, Deadline deadline);
  [[nodiscard]] Status run_share(RedisNode& node, const RedisScript& script,
                                 const std::vector<RedisCall>& calls, const Share& share,
                                 std::vector<RedisReply>& answers, Deadline deadline);
  [[nodiscard]] Status learn(const RedisScript& script, std::string_view key, Deadline deadline);

  std::unique_ptr<RedisTopology> topology_;
};

}  // namespace icm
