// SPDX-License-Identifier: Apache-2.0
#include "milter/store_risks.h"

#include <gtest/gtest.h>

#include "test/support/redis_process.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

TEST(StoreRisks, are_those_of_the_servers_that_are_configured) {
  const RedisProcess server;  // keeps nothing
  StoreConfig store;
  store.kind = StoreKind::redis;
  store.redis.servers = {server.address()};
  EXPECT_EQ(store_risks(store, {}, Deadline::in(60s)),
            (std::vector<std::string>{
                server.address().text() +
                ": appendonly is no: a restart loses what was added since the last dump, or the "
                "whole list; set appendonly yes and appendfsync always"}));
}

TEST(StoreRisks, are_none_of_a_file_or_of_a_server_that_is_away) {
  StoreConfig store;
  EXPECT_EQ(store_risks(store, {}, Deadline::in(60s)), std::vector<std::string>());
  RedisProcess server;
  server.stop();
  store.kind = StoreKind::redis;
  store.redis.servers = {server.address()};
  EXPECT_EQ(store_risks(store, {}, Deadline::in(60s)), std::vector<std::string>());
}

}  // namespace
}  // namespace icm
