// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_client.h"

#include <algorithm>

#include <fmt/format.h>

namespace icm {
namespace {

constexpr std::chrono::milliseconds longest_replication{500};
constexpr int most_redirections = 5;  // a cluster that sends us further than that is not at peace

// RESP errors begin with a word in capitals.
Code code_of(const RedisReply& reply) {
  for (const std::string_view word : {"NOAUTH", "WRONGPASS", "NOPERM", "DENIED"}) {
    if (reply.is_error(word)) return Code::config;
  }
  for (const std::string_view word :
       {"LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "MISCONF", "OOM",
        "NOREPLICAS", "UNBLOCKED", "MOVED", "ASK"}) {
    if (reply.is_error(word)) return Code::temporary;
  }
  return Code::permanent;
}

Result<RedisReply> without_error(RedisReply reply, std::string_view place) {
  if (reply.kind != RedisReply::Kind::error) return reply;
  return fail(code_of(reply), fmt::format("{}: {}", place, to_string(reply)));
}

// A server that is no master any more, or whose cluster is at odds: another one may have the key.
bool casts_doubt(const RedisReply& reply) {
  return reply.is_error("READONLY") || reply.is_error("CLUSTERDOWN") ||
         reply.is_error("MASTERDOWN");
}

// Another server has to be asked.
bool moves_on(const RedisReply& reply) {
  return casts_doubt(reply) || reply.is_error("MOVED") || reply.is_error("ASK");
}

const RedisScript any_command("return redis.call(unpack(ARGV))");

RedisCommand load_of(const RedisScript& script) { return {"SCRIPT", "LOAD", script.text()}; }

// For all that its connection has written before.
RedisCommand wait_command() {
  return {"WAIT", "1", fmt::format("{}", longest_replication.count())};
}

RedisCommand command_of(const RedisScript& script, const RedisCall& call, std::string_view how) {
  RedisCommand command{std::string(how), how == "EVAL" ? script.text() : script.digest(),
                       fmt::format("{}", call.keys.size())};
  command.insert(command.end(), call.keys.begin(), call.keys.end());
  command.insert(command.end(), call.arguments.begin(), call.arguments.end());
  return command;
}

}  // namespace

RedisClient::RedisClient(const RedisOptions& options) : topology_(RedisTopology::make(options)) {}

Result<RedisReply> RedisClient::ask_there(RedisNodeRef node, const RedisCommand& command,
                                          Deadline deadline) {
  std::vector<RedisCommand> commands{command};
  for (int i = 0; i < most_redirections; ++i) {
    ICM_TRY(std::vector<RedisReply> replies, node->ask(commands, deadline));
    auto other = redirection(replies.back(), node->address());
    if (!other) return fail_at(node->address().text(), other.error());
    if (!*other) return std::move(replies.back());
    topology_->doubt(*node);
    node = topology_->node_at((*other)->to);
    commands = {command};
    // The specification: ASKING holds for the next command alone.
    if ((*other)->kind == Redirection::Kind::ask) commands.insert(commands.begin(), {"ASKING"});
  }
  return fail(Code::temporary, fmt::format("{}: sent us from node to node {} times",
                                           node->address().text(), most_redirections));
}

Result<RedisReply> RedisClient::ask_raw(std::string_view key, const RedisCommand& command,
                                        Deadline deadline) {
  const std::uint16_t slot = redis_slot(key);
  ICM_TRY(const RedisNodeRef node, topology_->node_for(slot, deadline));
  auto reply = ask_there(node, command, deadline);
  if (reply && !casts_doubt(*reply)) return reply;
  topology_->doubt(*node);
  const auto other = topology_->node_for(slot, deadline);
  if (!other || *other == node) return reply;
  return ask_there(*other, command, deadline);
}

Result<RedisReply> RedisClient::ask(std::string_view key, const RedisCommand& command,
                                    Deadline deadline) {
  ICM_TRY(RedisReply reply, ask_raw(key, command, deadline));
  return without_error(std::move(reply), text());
}

Result<std::map<std::string, RedisReply>> RedisClient::ask_each_server(
    const std::vector<std::string>& keys, const RedisCommand& command, Deadline deadline) {
  std::map<std::string, RedisReply> answers;
  for (const std::string& key : keys) {
    ICM_TRY(const RedisNodeRef node, topology_->node_for(redis_slot(key), deadline));
    const std::string server = node->address().text();
    if (answers.contains(server)) continue;
    ICM_TRY(std::vector<RedisReply> replies, node->ask({command}, deadline));
    answers.emplace(server, std::move(replies.front()));
  }
  return answers;
}

Status RedisClient::learn(const RedisScript& script, std::string_view key, Deadline deadline) {
  if (!script.digest().empty()) return {};
  ICM_TRY(RedisReply digest, ask(key, load_of(script), deadline));
  if (digest.kind != RedisReply::Kind::text || digest.text.empty()) {
    return fail(Code::temporary, fmt::format("{}: SCRIPT LOAD: expected a digest, got {}", text(),
                                             to_string(digest)));
  }
  script.set_digest(std::move(digest.text));
  return {};
}

Result<RedisReply> RedisClient::run(const RedisScript& script, const RedisCall& call,
                                    Deadline deadline) {
  const std::string& key = call.keys.front();
  ICM_CHECK(learn(script, key, deadline));
  ICM_TRY(RedisReply reply, ask_raw(key, command_of(script, call, "EVALSHA"), deadline));
  if (!reply.is_error("NOSCRIPT")) return without_error(std::move(reply), text());
  return ask(key, command_of(script, call, "EVAL"), deadline);
}

Result<std::vector<RedisReply>> RedisClient::run_each(const RedisScript& script,
                                                      const std::vector<RedisCall>& calls,
                                                      Deadline deadline, Durability durability) {
  if (calls.empty()) return std::vector<RedisReply>();
  ICM_CHECK(learn(script, calls.front().keys.front(), deadline));
  std::map<RedisNodeRef, Share> shares;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    ICM_TRY(const RedisNodeRef node,
            topology_->node_for(redis_slot(calls[i].keys.front()), deadline));
    shares[node].push_back(i);
  }
  std::vector<RedisReply> answers(calls.size());
  for (const auto& [node, share] : shares) {
    const bool waits = durability == Durability::replicated && topology_->replicates(*node);
    const auto run_those = waits ? &RedisClient::run_share_replicated : &RedisClient::run_share;
    ICM_CHECK((this->*run_those)(*node, script, calls, share, answers, deadline));
  }
  return answers;
}

Result<RedisReply> RedisClient::change(const std::string& key, const RedisCommand& command,
                                       Deadline deadline) {
  ICM_TRY(std::vector<RedisReply> replies,
          run_each(any_command, {{.keys = {key}, .arguments = command}}, deadline,
                   Durability::replicated));
  return std::move(replies.front());
}

Status RedisClient::check_replicated(const RedisNode& node, const RedisReply& reply) {
  if (reply.kind == RedisReply::Kind::number && reply.number > 0) return {};
  topology_->doubt(node);  // its replica may be gone, or be the master
  return fail(Code::temporary,
              fmt::format("{}: the change is on the master alone: no replica has it within {}ms",
                          node.address().text(), longest_replication.count()));
}

Status RedisClient::run_share(RedisNode& node, const RedisScript& script,
                              const std::vector<RedisCall>& calls, const Share& share,
                              std::vector<RedisReply>& answers, Deadline deadline) {
  std::vector<RedisCommand> commands;
  for (const std::size_t i : share) commands.push_back(command_of(script, calls[i], "EVALSHA"));
  auto replies = node.ask(commands, deadline);
  if (!replies || casts_doubt(replies->back())) topology_->doubt(node);
  for (std::size_t k = 0; k < share.size(); ++k) {
    RedisReply& answer = answers[share[k]];
    if (replies && (*replies)[k].kind != RedisReply::Kind::error) {
      answer = std::move((*replies)[k]);
    } else {
      // One by one they find their way, and say what is wrong.
      ICM_TRY(answer, run(script, calls[share[k]], deadline));
    }
  }
  return {};
}

Status RedisClient::run_share_replicated(RedisNode& node, const RedisScript& script,
                                         const std::vector<RedisCall>& calls, const Share& share,
                                         std::vector<RedisReply>& answers, Deadline deadline) {
  // A server that was restarted has forgotten it, and a change must not be made behind WAIT.
  std::vector<RedisCommand> commands{load_of(script)};
  for (const std::size_t i : share) commands.push_back(command_of(script, calls[i], "EVALSHA"));
  commands.push_back(wait_command());
  auto replies = node.ask(commands, deadline);
  if (!replies) topology_->doubt(node);
  ICM_CHECK(replies);
  bool is_written = false;
  for (std::size_t k = 0; k < share.size(); ++k) {
    RedisReply& reply = (*replies)[k + 1];
    if (moves_on(reply)) {
      topology_->doubt(node);
      ICM_TRY(answers[share[k]], run_replicated(script, calls[share[k]], deadline));
      continue;
    }
    // Before WAIT's answer is looked at: what was refused waits for no replica.
    ICM_TRY(answers[share[k]], without_error(std::move(reply), node.address().text()));
    is_written = true;
  }
  if (!is_written) return {};
  return check_replicated(node, replies->back());
}

Result<RedisReply> RedisClient::run_replicated(const RedisScript& script, const RedisCall& call,
                                               Deadline deadline) {
  const std::uint16_t slot = redis_slot(call.keys.front());
  ICM_TRY(RedisNodeRef node, topology_->node_for(slot, deadline));
  bool asks = false;
  for (int i = 0; i < most_redirections; ++i) {
    const bool waits = topology_->replicates(*node);
    std::vector<RedisCommand> commands{load_of(script)};
    // The specification: ASKING holds for the next command alone.
    if (asks) commands.push_back({"ASKING"});
    commands.push_back(command_of(script, call, "EVALSHA"));
    if (waits) commands.push_back(wait_command());
    ICM_TRY(std::vector<RedisReply> replies, node->ask(commands, deadline));
    RedisReply& reply = replies[asks ? 2 : 1];
    if (!moves_on(reply)) {
      ICM_TRY(RedisReply answer, without_error(std::move(reply), node->address().text()));
      if (waits) ICM_CHECK(check_replicated(*node, replies.back()));
      return answer;
    }
    auto other = redirection(reply, node->address());
    if (!other) return fail_at(node->address().text(), other.error());
    topology_->doubt(*node);
    asks = *other && (*other)->kind == Redirection::Kind::ask;
    if (*other) {
      node = topology_->node_at((*other)->to);
    } else {
      ICM_TRY(node, topology_->node_for(slot, deadline));
    }
  }
  return fail(Code::temporary, fmt::format("{}: no server took the change after {} attempts",
                                           node->address().text(), most_redirections));
}

}  // namespace icm
