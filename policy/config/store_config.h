// SPDX-License-Identifier: Apache-2.0
//
// StoreConfig: the `store` section of milter.conf; a part of config.h.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "policy/base/redis_address.h"

namespace icm {

enum class StoreKind { sqlite, redis };

// What a lookup answers while the store cannot be asked.
enum class WhileAway {
  snapshot,  // what the list held when it was last seen
  on_error,  // as the policy's on_error says: defer, or let go
};

enum class RedisMode { single, sentinel, cluster };

struct RedisConfig {
  RedisMode mode = RedisMode::single;
  std::vector<RedisAddress> servers;
  std::string master_name;
  std::string user_file;
  std::string password_file;
  std::string prefix = "icloud-milter";
  std::chrono::seconds timeout{2};
  bool operator==(const RedisConfig&) const = default;
};

template <class Visitor>
void describe(RedisConfig& c, Visitor& visit) {
  visit.choice("mode", c.mode,
               "single asks one server; sentinel asks Sentinels which server is the master, and "
               "follows a failover; cluster spreads the list over the nodes of a Redis Cluster.");
  visit.redis_servers("servers", c.servers,
                      "The server; or the Sentinels (port 26379 unless given); or some nodes of "
                      "the cluster. What is said to them is not encrypted: keep to this host, a "
                      "private network or a tunnel.");
  visit.text("master_name", c.master_name, "What the Sentinels call the master.");
  visit.secret_file("user_file", c.user_file,
                    "File with the name to log in with (ACL); empty logs in with the password "
                    "alone.");
  visit.secret_file("password_file", c.password_file,
                    "File with the password, which nobody but root and the daemon may read; empty "
                    "logs in nowhere.");
  visit.name("prefix", c.prefix,
             "What every key of ours begins with, so that several lists fit into one server.");
  visit.span("timeout", c.timeout, std::chrono::seconds{1}, std::chrono::seconds{30},
             "Longest wait for one answer.");
}

struct StoreConfig {
  StoreKind kind = StoreKind::sqlite;
  std::string path = "/var/lib/icloud-milter/store.db";
  std::string snapshot;
  WhileAway while_away = WhileAway::snapshot;
  std::string hash_key_file;
  RedisConfig redis;
  bool operator==(const StoreConfig&) const = default;
};

template <class Visitor>
void describe(StoreConfig& c, Visitor& visit) {
  visit.choice("kind", c.kind,
               "Where the suppression list is: sqlite in a file of this host, redis in a Redis or "
               "Valkey that several hosts share.");
  visit.path("path", c.path,
             "SQLite file with the suppression list; made at the first start. With redis, what "
             "this host keeps for itself lies beside it.");
  visit.path(
      "snapshot", c.snapshot,
      "File with a digest of the list, so that a restart needs no reading of all of it; empty "
      "puts it beside path.");
  visit.choice("while_away", c.while_away,
               "What a lookup answers while the store cannot be asked: snapshot answers with the "
               "list as it was last seen, on_error does what suppression.on_error says.");
  visit.secret_file("hash_key_file", c.hash_key_file,
                    "File with one key of at least 64 hexadecimal digits (openssl rand -hex 32), "
                    "the same on every host of a fleet: the store then keeps a keyed hash "
                    "(HMAC-SHA-256) instead of each address. Empty keeps addresses. What is "
                    "hashed cannot be turned back, nor brought under another key.");
  visit.section("redis", c.redis, "The Redis or Valkey of kind redis.");
}

}  // namespace icm
