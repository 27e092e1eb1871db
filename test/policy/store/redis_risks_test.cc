// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_risks.h"

#include <gtest/gtest.h>

#include "test/support/redis_process.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using Mode = RedisOptions::Mode;

constexpr std::string_view safe =
    "# Persistence\r\naof_enabled:1\r\n# Memory\r\nmaxmemory_policy:noeviction\r\n"
    "# Replication\r\nconnected_slaves:0\r\n";

TEST(RedisRisks, are_none_of_a_server_that_keeps_everything) {
  EXPECT_EQ(redis_risks_in(safe, Mode::single), std::vector<std::string>());
}

TEST(RedisRisks, name_the_setting_what_it_costs_and_what_to_set) {
  EXPECT_EQ(
      redis_risks_in("aof_enabled:0\r\nmaxmemory_policy:allkeys-lru\r\nconnected_slaves:2\r\n",
                     Mode::single),
      (std::vector<std::string>{
          "appendonly is no: a restart loses what was added since the last dump, or the "
          "whole list; set appendonly yes and appendfsync always",
          "maxmemory-policy is allkeys-lru: entries are thrown away when memory is short; "
          "set maxmemory-policy noeviction",
          "has replicas, and with store.redis.mode single no change waits for one: whoever "
          "makes a replica the master loses what it had not; set mode sentinel or cluster"}));
  EXPECT_EQ(redis_risks_in(safe, Mode::sentinel),
            (std::vector<std::string>{
                "has no replica: with Sentinels nothing is added until one is back"}));
  EXPECT_EQ(redis_risks_in(safe, Mode::cluster),
            (std::vector<std::string>{
                "has no replica: its part of the list is lost with it; give it one"}));
}

TEST(RedisRisks, are_asked_of_the_server) {
  const RedisProcess server("appendonly yes\nmaxmemory-policy volatile-ttl\n");
  RedisOptions options = patient_options();
  options.servers = {server.address()};
  EXPECT_EQ(*redis_risks(options, Deadline::in(60s)),
            (std::vector<std::string>{server.address().text() +
                                      ": maxmemory-policy is volatile-ttl: entries are thrown away "
                                      "when memory is short; set maxmemory-policy noeviction"}));
}

TEST(RedisRisks, that_may_not_be_asked_are_told) {
  const RedisProcess server("user default on nopass ~* +@all -info\n");
  RedisOptions options = patient_options();
  options.servers = {server.address()};
  const auto risks = redis_risks(options, Deadline::in(60s));
  ASSERT_TRUE(risks) << risks.error().text;
  ASSERT_EQ(risks->size(), 1u);
  EXPECT_TRUE(risks->front().starts_with(server.address().text() +
                                         ": whether it keeps what it is told cannot be asked: "
                                         "\"NOPERM "))
      << risks->front();
}

}  // namespace
}  // namespace icm
