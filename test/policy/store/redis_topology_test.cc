// SPDX-License-Identifier: Apache-2.0
//
// Real Sentinels and a real cluster: the right server is found, also after it has changed.
#include "policy/store/redis_topology.h"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "policy/store/redis_client.h"
#include "test/support/hostile_redis.h"
#include "test/support/redis_process.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

Deadline soon() { return Deadline::in(60s); }

TEST(RedisSentinels, name_the_master_and_after_a_failover_the_new_one) {
  SentinelTrio trio;
  RedisClient client(trio.options());
  ASSERT_TRUE(client.ask("k", {"SET", "k", "v"}, soon()));
  EXPECT_EQ(client.text(), trio.master->address().text() + ", master of mail");
  ASSERT_EQ(trio.master->ask({"WAIT", "1", "60000"}).number, 1);
  trio.allow_failover();
  trio.master->stop();
  await("a write is taken again", [&] {
    return client.ask("k", {"SET", "l", "w"}, Deadline::in(3s)).has_value();
  });
  EXPECT_EQ(client.text(), trio.replica->address().text() + ", master of mail");
  EXPECT_EQ(client.ask("k", {"GET", "k"}, soon())->text, "v");
}

TEST(RedisSentinels, are_asked_again_while_a_master_answers_and_the_latest_of_them_is_believed) {
  const RedisProcess cut_off;  // a master still, for its neighbour and for us
  const RedisProcess promoted;
  const auto monitor = [](const RedisProcess& master, int epoch) {
    return fmt::format("sentinel monitor mail 127.0.0.1 {} 2\nsentinel config-epoch mail {}\n",
                       master.port(), epoch);
  };
  const RedisProcess neighbour(monitor(cut_off, 3), RedisProcess::Kind::sentinel);
  RedisProcess other(monitor(promoted, 4), RedisProcess::Kind::sentinel);
  RedisOptions options = patient_options();
  options.mode = RedisOptions::Mode::sentinel;
  options.master_name = "mail";
  options.servers = {neighbour.address(), other.address()};
  RedisClient client(options);
  ASSERT_TRUE(client.ask("k", {"SET", "k", "v"}, soon()));
  await("the next master is found", [&] {
    return client.ask("k", {"GET", "k"}, soon())->kind == RedisReply::Kind::nothing;
  });
  EXPECT_EQ(client.text(), promoted.address().text() + ", master of mail");
  other.stop();
  const auto asked = [&] {
    const std::string stats = neighbour.ask({"INFO", "stats"}).text;
    return std::stoi(stats.substr(stats.find("total_commands_processed:") + 25));
  };
  const int before = asked();
  int by_us = 0;
  await("the neighbour is asked again", [&] {
    EXPECT_TRUE(client.ask("k", {"PING"}, soon()));
    return asked() > before + ++by_us;
  });
  EXPECT_EQ(client.text(), promoted.address().text() + ", master of mail")
      << "an older configuration is not gone back to";
}

// A master that no Sentinel names any more may have been replaced: what it acknowledges then would
// be lost.
TEST(RedisSentinels, that_are_all_away_leave_the_master_half_a_minute_of_trust) {
  SentinelTrio trio;
  RedisClient client(trio.options());
  ASSERT_TRUE(client.ask("k", {"SET", "k", "v"}, soon()));
  const auto away_since = Deadline::Time::now();
  for (const auto& sentinel : trio.sentinels) sentinel->stop();
  const auto trusted = [&] { return Deadline::Time::now() - away_since; };
  Result<RedisReply> answer = client.ask("k", {"GET", "k"}, soon());
  while (answer && trusted() < 60s) {
    std::this_thread::sleep_for(200ms);
    answer = client.ask("k", {"GET", "k"}, soon());
  }
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().text.starts_with("no Sentinel names the master of mail: "))
      << answer.error().text;
  EXPECT_GT(trusted(), 20s);
  EXPECT_LT(trusted(), 55s);
  trio.sentinels[0]->start();
  await("a Sentinel names it again", [&] {
    return client.ask("k", {"GET", "k"}, soon()).has_value();
  });
}

TEST(RedisSentinels, are_asked_one_after_the_other) {
  SentinelTrio trio;
  RedisOptions options = trio.options();
  trio.sentinels[0]->stop();
  EXPECT_TRUE(RedisClient(options).ask("k", {"PING"}, soon()));
}

TEST(RedisSentinels, that_know_no_such_master_or_name_a_replica_are_not_believed) {
  const RedisProcess sentinel({}, RedisProcess::Kind::sentinel);
  RedisOptions options = patient_options();
  options.mode = RedisOptions::Mode::sentinel;
  options.master_name = "mail";
  options.servers = {sentinel.address()};
  EXPECT_EQ(RedisClient(options).ask("k", {"PING"}, soon()).error(),
            (Error{Code::temporary,
                   fmt::format("no Sentinel names the master of mail: {}: knows no master of that "
                               "name",
                               sentinel.address().text())}));
  const RedisProcess master;
  const RedisProcess replica(fmt::format("replicaof 127.0.0.1 {}\n", master.port()));
  const std::string port = fmt::format("{}", replica.port());
  const HostileRedis liar(fmt::format("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{}\r\n", port.size(), port),
                          HostileRedis::Afterwards::hold);
  options.servers = {liar.address()};
  EXPECT_EQ(RedisClient(options).ask("k", {"SET", "k", "v"}, soon()).error().text,
            replica.address().text() + ": expected the master, its role is \"slave\"");
}

TEST(RedisSentinels, that_name_nonsense_are_told_apart) {
  const HostileRedis liar("*2\r\n$5\r\nhost1\r\n$4\r\n6379\r\n", HostileRedis::Afterwards::hold);
  RedisOptions options = patient_options();
  options.mode = RedisOptions::Mode::sentinel;
  options.master_name = "mail";
  options.servers = {liar.address()};
  EXPECT_EQ(RedisClient(options).ask("k", {"PING"}, soon()).error().text,
            fmt::format("no Sentinel names the master of mail: {}: names \"host1\" port \"6379\", "
                        "expected an IP address (sentinel announce-hostnames no)",
                        liar.address().text()));
}

TEST(RedisCluster, finds_the_node_of_each_key) {
  RedisClusterNodes cluster;
  RedisOptions options = cluster.options();
  options.servers.resize(1);
  RedisClient client(options);
  for (int i = 0; i < 100; ++i) {
    const std::string key = fmt::format("key{}", i);
    const auto reply = client.ask(key, {"SET", key, "v"}, soon());
    ASSERT_TRUE(reply) << reply.error().text;
  }
  std::int64_t kept = 0;
  for (const auto& node : cluster.nodes) {
    const std::int64_t here = node->ask({"DBSIZE"}).number;
    EXPECT_GT(here, 0);
    kept += here;
  }
  EXPECT_EQ(kept, 100);
}

TEST(RedisCluster, runs_a_script_for_many_keys_in_one_go) {
  RedisClusterNodes cluster;
  RedisClient client(cluster.options());
  const RedisScript script("return KEYS[1]");
  std::vector<RedisCall> calls;
  for (int i = 0; i < 50; ++i) calls.push_back({{fmt::format("key{}", i)}, {}});
  const auto replies = client.run_each(script, calls, soon());
  ASSERT_TRUE(replies) << replies.error().text;
  for (std::size_t i = 0; i < calls.size(); ++i) EXPECT_EQ((*replies)[i].text, calls[i].keys[0]);
}

// Moves the slot of `key` from the node that has it to another, stopping on the way.
struct SlotMove {
  SlotMove(const RedisClusterNodes& cluster, const std::string& key)
      : slot(fmt::format("{}", redis_slot(key))) {
    for (const auto& node : cluster.nodes) {
      const bool has_it = node->ask({"GET", key}).kind != RedisReply::Kind::error;
      (has_it ? from : to) = node.get();
    }
    from_id = from->ask({"CLUSTER", "MYID"}).text;
    to_id = to->ask({"CLUSTER", "MYID"}).text;
    to->ask({"CLUSTER", "SETSLOT", slot, "IMPORTING", from_id});
    from->ask({"CLUSTER", "SETSLOT", slot, "MIGRATING", to_id});
  }
  void finish() const {
    to->ask({"CLUSTER", "SETSLOT", slot, "NODE", to_id});
    from->ask({"CLUSTER", "SETSLOT", slot, "NODE", to_id});
  }
  std::string slot, from_id, to_id;
  RedisProcess* from = nullptr;
  RedisProcess* to = nullptr;
};

TEST(RedisCluster, follows_a_slot_while_it_moves_and_after) {
  RedisClusterNodes cluster;
  RedisClient client(cluster.options());
  ASSERT_TRUE(client.ask("k", {"GET", "k"}, soon()));
  const SlotMove move(cluster, "k");
  const auto while_moving = client.ask("k", {"SET", "k", "v"}, soon());  // ASK: it is not there
  ASSERT_TRUE(while_moving) << while_moving.error().text;
  move.finish();
  EXPECT_EQ(client.ask("k", {"GET", "k"}, soon())->text, "v");  // MOVED
  EXPECT_EQ(move.to->ask({"GET", "k"}).text, "v");
}

TEST(RedisCluster, acknowledges_a_change_when_the_replica_of_its_master_has_it) {
  const RedisClusterNodes cluster(RedisClusterNodes::Replica::of_first);
  RedisOptions options = cluster.options();
  options.servers.resize(1);
  // A replica to which nothing was ever written does not count.
  cluster.nodes[0]->ask({"SET", "bar", "v"});
  await("the master's map has the replica", [&] {
    const auto ranges = cluster.nodes[0]->ask({"CLUSTER", "SLOTS"}).items;
    return std::any_of(ranges.begin(), ranges.end(),
                       [](const RedisReply& range) { return range.items.size() > 3; });
  });
  RedisClient client(options);
  const RedisScript set("return redis.call('SET', KEYS[1], 'v')");
  const RedisScript refuse("return redis.error_reply('ERR so nicht')");
  const auto change = [&](const RedisScript& script, const std::string& key) {
    return client.run_each(script, {{{key}, {}}}, soon(), Durability::replicated);
  };
  const std::string with_replica = "bar";  // slot 5061
  const std::string without = "foo";       // slot 12182
  await("the replica has it within half a second",
        [&] { return change(set, with_replica).has_value(); });
  cluster.nodes[3]->freeze();
  EXPECT_EQ(change(refuse, with_replica).error(),
            (Error{Code::permanent, cluster.nodes[0]->address().text() + ": \"ERR so nicht\""}));
  EXPECT_EQ(change(set, with_replica).error(),
            (Error{Code::temporary,
                   cluster.nodes[0]->address().text() +
                       ": the change is on the master alone: no replica has it within 500ms"}));
  EXPECT_TRUE(change(set, without)) << "nobody could take the place of its master";
  cluster.nodes[3]->thaw();
}

TEST(RedisCluster, follows_a_failover) {
  RedisClusterNodes cluster(RedisClusterNodes::Replica::of_first);
  RedisClient client(cluster.options());
  const std::string key = "{06S}";  // slot 0 belongs to the first
  ASSERT_TRUE(client.ask("k", {"GET", "k"}, soon()));
  ASSERT_EQ(redis_slot(key), 0);
  ASSERT_TRUE(client.ask(key, {"SET", key, "v"}, soon()));
  ASSERT_EQ(cluster.nodes[0]->ask({"WAIT", "1", "60000"}).number, 1);
  cluster.allow_failover();
  cluster.nodes[0]->stop();
  await("the replica has taken over", [&] {
    return client.ask(key, {"SET", key, "w"}, Deadline::in(3s)).has_value();
  });
  EXPECT_EQ(cluster.nodes[3]->ask({"GET", key}).text, "w");
}

TEST(RedisCluster, says_when_no_node_answers) {
  RedisProcess one;
  one.stop();
  RedisOptions options = patient_options();
  options.mode = RedisOptions::Mode::cluster;
  options.servers = {one.address()};
  EXPECT_EQ(RedisClient(options).ask("k", {"PING"}, soon()).error(),
            (Error{Code::temporary,
                   fmt::format("no node of the cluster answers: {}: cannot connect: Connection "
                               "refused",
                               one.address().text())}));
}

TEST(RedisCluster, says_when_the_server_is_none) {
  const RedisProcess one;
  RedisOptions options = patient_options();
  options.mode = RedisOptions::Mode::cluster;
  options.servers = {one.address()};
  EXPECT_EQ(RedisClient(options).ask("k", {"PING"}, soon()).error().text,
            fmt::format("no node of the cluster answers: {0}: CLUSTER SLOTS: expected ranges of "
                        "slots, got \"ERR This instance has cluster support disabled\"",
                        one.address().text()));
}

TEST(RedisCluster, does_not_run_in_circles) {
  const HostileRedis liar("*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$0\r\n\r\n:1\r\n",
                          HostileRedis::Afterwards::close);
  RedisOptions options = patient_options();
  options.mode = RedisOptions::Mode::cluster;
  options.servers = {liar.address()};
  EXPECT_EQ(RedisClient(options).ask("k", {"PING"}, soon()).error().text,
            "127.0.0.1:1: cannot connect: Connection refused");
}

}  // namespace
}  // namespace icm
