// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_node.h"

#include <utility>

#include <fmt/format.h>

namespace icm {

RedisNode::RedisNode(RedisAddress address, RedisLogin login, Role role,
                     std::chrono::milliseconds timeout)
    : address_(std::move(address)), login_(std::move(login)), role_(role), timeout_(timeout) {}

Result<std::vector<RedisReply>> RedisNode::ask(const std::vector<RedisCommand>& commands,
                                               Deadline deadline) {
  ICM_CHECK(take_turn(deadline));
  const Deadline share = deadline.at_most(timeout_);
  const bool is_hurried = share.left() < fair_chance;
  const auto ending = [&] {
    return is_hurried && share.passed() ? Ending::hurried : Ending::failed;
  };
  auto connected = connection(share);
  if (!connected) {
    give_back(std::nullopt, ending(), connected.error().text);
    return tl::make_unexpected(connected.error());
  }
  auto replies = connected->exchange(commands, share);
  if (!replies) {
    give_back(std::nullopt, ending(), replies.error().text);
    return replies;
  }
  give_back(*std::move(connected), Ending::answered);
  return replies;
}

Status RedisNode::take_turn(Deadline deadline) {
  std::unique_lock lock(mutex_);
  const bool is_free =
      turn_is_free_.wait_until(lock, deadline.end(), [this] { return turns_ < most_connections; });
  if (!is_free) {
    return fail(Code::temporary, fmt::format("{}: all {} connections are in use", address_.text(),
                                             most_connections));
  }
  if (!breaker_.admits(Deadline::Time::now())) {
    turn_is_free_.notify_one();  // this turn is not taken: another one may have waited for it
    return fail(Code::temporary,
                fmt::format("{} (left alone for a while, since it failed {} times in a row)",
                            breaker_.last_failure(), RedisBreaker::failures_that_open));
  }
  ++turns_;
  return {};
}

Result<RedisConnection> RedisNode::connection(Deadline deadline) {
  for (;;) {
    std::optional<RedisConnection> candidate;
    {
      const std::scoped_lock lock(mutex_);
      if (idle_.empty()) break;
      candidate = std::move(idle_.back());
      idle_.pop_back();
    }
    // A server that went away meanwhile has closed it; what a restart has left is dropped here.
    if (candidate->is_quiet()) return *std::move(candidate);
  }
  ICM_TRY(RedisConnection fresh, RedisConnection::open(address_, login_, deadline));
  ICM_CHECK(check_role(fresh, deadline));
  return fresh;
}

Status RedisNode::check_role(RedisConnection& connection, Deadline deadline) const {
  if (role_ == Role::any) return {};
  ICM_TRY(const std::vector<RedisReply> replies, connection.exchange({{"ROLE"}}, deadline));
  const RedisReply& role = replies[0];
  if (role.kind == RedisReply::Kind::list && !role.items.empty() &&
      role.items[0].text == "master") {
    return {};
  }
  const RedisReply& found = role.items.empty() ? role : role.items[0];
  return fail(Code::temporary, fmt::format("{}: expected the master, its role is {}",
                                           address_.text(), to_string(found)));
}

void RedisNode::give_back(std::optional<RedisConnection> connection, Ending ending,
                          std::string_view why) {
  {
    const std::scoped_lock lock(mutex_);
    --turns_;
    switch (ending) {
      case Ending::answered:
        breaker_.succeeded();
        break;
      case Ending::hurried:
        breaker_.undecided(Deadline::Time::now());
        break;
      case Ending::failed:
        breaker_.failed(Deadline::Time::now(), why);
        idle_.clear();  // they are as dead, or soon will be
        break;
    }
    if (connection && idle_.size() < most_idle) idle_.push_back(*std::move(connection));
  }
  turn_is_free_.notify_one();
}

}  // namespace icm
