// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_risks.h"

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/store/redis_entries.h"

namespace icm {
namespace {

// INFO has a line "name:value" for each fact; empty when there is none of that name.
std::string_view fact(std::string_view info, std::string_view name) {
  for (std::string_view line : split(info, '\n')) {
    line = trim(line);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      return line.substr(name.size() + 1);
    }
  }
  return {};
}

void add_persistence(std::string_view info, std::vector<std::string>& risks) {
  if (fact(info, "aof_enabled") == "0") {
    risks.emplace_back(
        "appendonly is no: a restart loses what was added since the last dump, or the whole list; "
        "set appendonly yes and appendfsync always");
  }
  const std::string_view policy = fact(info, "maxmemory_policy");
  if (!policy.empty() && policy != "noeviction") {
    risks.push_back(
        fmt::format("maxmemory-policy is {}: entries are thrown away when memory is short; set "
                    "maxmemory-policy noeviction",
                    for_log(policy, 40)));
  }
}

void add_replication(std::string_view info, RedisOptions::Mode mode,
                     std::vector<std::string>& risks) {
  const bool has_replica =
      !fact(info, "connected_slaves").empty() && fact(info, "connected_slaves") != "0";
  switch (mode) {
    case RedisOptions::Mode::single:
      if (has_replica) {
        risks.emplace_back(
            "has replicas, and with store.redis.mode single no change waits for one: whoever makes "
            "a replica the master loses what it had not; set mode sentinel or cluster");
      }
      return;
    case RedisOptions::Mode::sentinel:
      if (!has_replica) {
        risks.emplace_back("has no replica: with Sentinels nothing is added until one is back");
      }
      return;
    case RedisOptions::Mode::cluster:
      if (!has_replica) {
        risks.emplace_back("has no replica: its part of the list is lost with it; give it one");
      }
      return;
  }
}

}  // namespace

std::vector<std::string> redis_risks_in(std::string_view info, RedisOptions::Mode mode) {
  std::vector<std::string> risks;
  add_persistence(info, risks);
  add_replication(info, mode, risks);
  return risks;
}

Result<std::vector<std::string>> redis_risks(const RedisOptions& options, Deadline deadline) {
  RedisClient client(options);
  std::vector<std::string> keys;
  for (int bucket = 0; bucket < redis_buckets; ++bucket) {
    keys.push_back(bucket_keys(options.prefix, bucket).entries);
  }
  ICM_TRY(const auto answers, client.ask_each_server(keys, {"INFO"}, deadline));
  std::vector<std::string> risks;
  for (const auto& [server, reply] : answers) {
    if (reply.kind != RedisReply::Kind::text) {
      risks.push_back(
          fmt::format("{}: whether it keeps what it is told cannot be asked: {}; let "
                      "the user +info",
                      server, to_string(reply)));
      continue;
    }
    for (const std::string& risk : redis_risks_in(reply.text, options.mode)) {
      risks.push_back(fmt::format("{}: {}", server, risk));
    }
  }
  return risks;
}

}  // namespace icm
