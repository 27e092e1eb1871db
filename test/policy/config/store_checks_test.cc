// SPDX-License-Identifier: Apache-2.0
//
// The store section: what contradicts itself, and what would silently do nothing.
#include "policy/config/store_checks.h"

#include <gtest/gtest.h>

#include "test/policy/config/reading.h"

namespace icm {
namespace {

// What check_store() says of a configuration that was written without a place.
std::vector<std::string> findings(const Config& config) {
  std::vector<std::string> texts;
  for (const CheckFinding& finding : check_store(config, ConfigPlaces())) {
    const bool is_error = finding.severity == ConfigProblem::Severity::error;
    texts.push_back((is_error ? "error: " : "warning: ") + finding.text);
  }
  return texts;
}

using Texts = std::vector<std::string>;

Config redis(RedisMode mode, const std::vector<std::string_view>& servers) {
  Config config;
  config.store.kind = StoreKind::redis;
  config.store.redis.mode = mode;
  for (const std::string_view server : servers) {
    config.store.redis.servers.push_back(RedisAddress::parse(server).value());
  }
  return config;
}

TEST(StoreChecks, refuse_servers_that_are_none) {
  EXPECT_EQ(told_of("store: {redis: {servers: [redis.example.com, \"unix:x\"]}}"),
            "milter.conf:1:27: store.redis.servers: expected an address as 192.0.2.1 or "
            "[2001:db8::1]:6379, or unix:PATH, got \"redis.example.com\"; names are not looked up "
            "here: write the server's address\n"
            "milter.conf:1:46: store.redis.servers: expected an address as 192.0.2.1 or "
            "[2001:db8::1]:6379, or unix:PATH, got \"unix:x\"; the path is not absolute\n"
            "2 errors; configuration not loaded\n");
}

TEST(StoreChecks, refuse_a_secret_that_is_no_file) {
  EXPECT_EQ(told_of("store: {redis: {password_file: geheim}}"),
            "milter.conf:1:32: store.redis.password_file: expected an absolute path or "
            "credential:NAME, or nothing, got \"geheim\"\n"
            "1 error; configuration not loaded\n");
}

TEST(StoreChecks, warn_of_redis_options_beside_sqlite) {
  EXPECT_EQ(told_of("store:\n  redis: {timeout: 3s}\n"),
            "milter.conf:2:10: warning: store.redis: has no effect: store.kind is sqlite\n");
}

TEST(StoreChecks, ask_for_servers_that_fit_the_mode) {
  EXPECT_EQ(findings(redis(RedisMode::single, {})),
            (Texts{"error: store.redis.servers: none, and store.kind is redis: write the address "
                   "of one, as [\"127.0.0.1\"]"}));
  EXPECT_EQ(findings(redis(RedisMode::single, {"127.0.0.1", "127.0.0.1:7000"})),
            (Texts{"error: store.redis.servers: mode single has one server; write mode: sentinel "
                   "or mode: cluster for several"}));
  EXPECT_EQ(findings(redis(RedisMode::cluster, {"127.0.0.1:7000", "unix:/run/redis.sock"})),
            (Texts{"error: store.redis.servers: expected IP addresses, since Sentinels and the "
                   "nodes of a cluster name each other by these"}));
  EXPECT_EQ(findings(redis(RedisMode::cluster, {"127.0.0.1:7000", "127.0.0.1:7000"})),
            (Texts{"error: store.redis.servers: 127.0.0.1:7000 stands there twice"}));
  EXPECT_EQ(findings(redis(RedisMode::single, {"unix:/run/redis.sock"})), Texts{});
}

TEST(StoreChecks, ask_for_the_masters_name_with_sentinels_alone) {
  Config config = redis(RedisMode::sentinel, {"127.0.0.1"});
  EXPECT_EQ(findings(config),
            (Texts{"error: store.redis.master_name: expected what the Sentinels call the master, "
                   "in letters, digits, hyphens, underscores and dots, got \"\""}));
  config.store.redis.master_name = "mail";
  EXPECT_EQ(findings(config), Texts{});
  config.store.redis.mode = RedisMode::cluster;
  EXPECT_EQ(findings(config), (Texts{"warning: store.redis.master_name: has no effect: "
                                     "store.redis.mode is not sentinel"}));
}

TEST(StoreChecks, ask_for_a_password_where_it_protects) {
  Config config = redis(RedisMode::single, {"192.0.2.1"});
  EXPECT_EQ(findings(config),
            (Texts{"warning: store.redis.password_file: none, so whoever reaches the server over "
                   "the network may read and change the list"}));
  config.store.redis.user_file = "/etc/icloud-milter/redis.user";
  EXPECT_EQ(findings(config)[0],
            "error: store.redis.password_file: expected a file, since store.redis.user_file is "
            "given");
  config.store.redis.password_file = "/etc/icloud-milter/redis.password";
  EXPECT_EQ(findings(config), Texts{});
}

TEST(StoreChecks, warn_of_a_timeout_that_outlasts_a_message) {
  Config config = redis(RedisMode::single, {"127.0.0.1"});
  config.store.redis.timeout = config.limits.message_deadline;
  EXPECT_EQ(findings(config),
            (Texts{"warning: store.redis.timeout: a message is judged for 10s at most "
                   "(limits.message_deadline), so one answer that is late leaves no time for "
                   "another"}));
}

}  // namespace
}  // namespace icm
