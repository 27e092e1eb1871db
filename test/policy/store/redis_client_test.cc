// SPDX-License-Identifier: Apache-2.0
//
// The client against real servers, and against one that lies.
#include "policy/store/redis_client.h"

#include <gtest/gtest.h>

#include "test/support/hostile_redis.h"
#include "test/support/redis_process.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using Kind = RedisReply::Kind;
using Afterwards = HostileRedis::Afterwards;

RedisOptions single(const RedisAddress& address) {
  RedisOptions options = patient_options();
  options.servers = {address};
  return options;
}

Deadline soon() { return Deadline::in(60s); }

TEST(RedisClient, takes_and_gives_any_octets) {
  const RedisProcess server;
  RedisClient client(single(server.address()));
  const std::string value("a\0b\r\n\xff", 6);
  EXPECT_EQ(client.ask("k", {"SET", "k", value}, soon())->text, "OK");
  EXPECT_EQ(client.ask("k", {"GET", "k"}, soon())->text, value);
  EXPECT_EQ(client.ask("k", {"GET", "none"}, soon())->kind, Kind::nothing);
}

TEST(RedisClient, speaks_over_a_unix_socket) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() / "redis.sock";
  const RedisProcess server("unixsocket " + path + "\nunixsocketperm 700\n");
  RedisClient client(single(*RedisAddress::parse("unix:" + path)));
  EXPECT_EQ(client.ask("k", {"PING"}, soon())->text, "PONG");
}

TEST(RedisClient, speaks_over_ipv6) {
  const RedisProcess server("bind 127.0.0.1 ::1\n");
  RedisClient client(single(*RedisAddress::parse(fmt::format("[::1]:{}", server.port()))));
  EXPECT_EQ(client.ask("k", {"PING"}, soon())->text, "PONG");
}

TEST(RedisClient, logs_in_with_a_password_or_with_a_name_too) {
  const RedisProcess server("requirepass geheim\nuser ann on >word ~* &* +@all\n");
  RedisOptions options = single(server.address());
  options.login = {.user = {}, .password = "geheim"};
  EXPECT_EQ(RedisClient(options).ask("k", {"PING"}, soon())->text, "PONG");
  options.login = {.user = "ann", .password = "word"};
  EXPECT_EQ(RedisClient(options).ask("k", {"ACL", "WHOAMI"}, soon())->text, "ann");
}

TEST(RedisClient, says_when_the_server_does_not_let_it_in) {
  const RedisProcess server("requirepass geheim\nuser ann on >word ~mail* &* +get\n");
  RedisOptions options = single(server.address());
  const std::string place = server.address().text();
  EXPECT_EQ(RedisClient(options).ask("k", {"GET", "k"}, soon()).error(),
            (Error{Code::config, place + ": \"NOAUTH Authentication required.\""}));
  options.login = {.user = {}, .password = "falsch"};
  EXPECT_EQ(RedisClient(options).ask("k", {"GET", "k"}, soon()).error(),
            (Error{Code::config,
                   place + ": does not let us log in: \"WRONGPASS invalid username-password pair "
                           "or user is disabled.\""}));
  options.login = {.user = "ann", .password = "word"};
  EXPECT_EQ(RedisClient(options).ask("k", {"SET", "mail", "x"}, soon()).error().code, Code::config);
}

TEST(RedisClient, runs_a_script_also_after_the_server_has_forgotten_it) {
  const RedisProcess server;
  RedisClient client(single(server.address()));
  const RedisScript script("return {KEYS[1], ARGV[1]}");
  const RedisCall call{{"k"}, {std::string("\0", 1)}};
  for (int i = 0; i < 2; ++i) {
    const auto reply = client.run(script, call, soon());
    ASSERT_TRUE(reply) << reply.error().text;
    EXPECT_EQ(reply->items[0].text, "k");
    EXPECT_EQ(reply->items[1].text, std::string("\0", 1));
    server.ask({"SCRIPT", "FLUSH"});
  }
}

TEST(RedisClient, says_what_is_wrong_with_a_script) {
  const RedisProcess server;
  RedisClient client(single(server.address()));
  const RedisScript script("return redis.error_reply('ERR so nicht')");
  EXPECT_EQ(client.run(script, {{"k"}, {}}, soon()).error(),
            (Error{Code::permanent, server.address().text() + ": \"ERR so nicht\""}));
}

TEST(RedisClient, says_when_nobody_is_there_and_leaves_him_alone_after_the_third_time) {
  RedisProcess server;
  server.stop();
  const std::string refused = server.address().text() + ": cannot connect: Connection refused";
  const Error left_alone{Code::temporary,
                         refused + " (left alone for a while, since it failed 3 times in a row)"};
  // Half a second later it is asked again, and the machine may stand still as long.
  await("it is left alone", [&] {
    RedisClient client(single(server.address()));
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(client.ask("k", {"PING"}, soon()).error(), (Error{Code::temporary, refused}));
    }
    return client.ask("k", {"PING"}, soon()).error() == left_alone;
  });
}

TEST(RedisClient, goes_on_after_a_restart) {
  RedisProcess server("appendonly yes\nappendfsync always\n");
  RedisClient client(single(server.address()));
  EXPECT_TRUE(client.ask("k", {"SET", "k", "v"}, soon()));
  server.stop();
  server.start();
  EXPECT_EQ(client.ask("k", {"GET", "k"}, soon())->text, "v")
      << "what was kept open is closed, which the first question notices";
}

TEST(RedisClient, waits_no_longer_than_it_may_for_a_server_that_stands_still) {
  RedisProcess server;
  RedisClient client(single(server.address()));
  EXPECT_TRUE(client.ask("k", {"PING"}, soon()));
  server.freeze();
  EXPECT_EQ(client.ask("k", {"PING"}, Deadline::in(100ms)).error(),
            (Error{Code::temporary, server.address().text() + ": no answer in time"}));
  server.thaw();
}

struct Lie {
  std::string answer;
  Afterwards afterwards;
  std::string told;
};

TEST(RedisClient, survives_servers_that_lie) {
  const std::string in_time = ": no answer in time";
  for (const auto& [answer, afterwards, told] : {
           Lie{"", Afterwards::hold, in_time},
           Lie{"", Afterwards::close, ": closed the connection"},
           Lie{"$10\r\nhalf", Afterwards::hold, in_time},
           Lie{"$10\r\nhalf", Afterwards::close, ": closed the connection"},
           Lie{"*3\r\n:1\r\n", Afterwards::close, ": closed the connection"},
           Lie{"220 mail ESMTP\r\n", Afterwards::hold,
               ": what came is no reply of Redis: Protocol error, got \"2\" as reply type byte"},
           Lie{"$9223372036854775807\r\n", Afterwards::hold, in_time},
           Lie{"*2147483647\r\n", Afterwards::hold,
               ": a reply of more than 131072 items; is this Redis?"},
           Lie{"$100000000\r\n" + std::string(std::size_t{17} << 20, 'x'), Afterwards::hold,
               ": a reply of more than 16777216 octets; is this Redis?"},
       }) {
    const HostileRedis server(answer, afterwards);
    RedisClient client(single(server.address()));
    const auto reply = client.ask("k", {"PING"}, told == in_time ? Deadline::in(200ms) : soon());
    ASSERT_FALSE(reply) << answer.substr(0, 40);
    EXPECT_EQ(reply.error().text, server.address().text() + told);
  }
}

TEST(RedisClient, does_not_wait_for_octets_that_come_one_by_one) {
  // Without an end: who waits for it never comes back.
  const HostileRedis server("+" + std::string(100'000, 'x'), Afterwards::hold, 20ms);
  RedisClient client(single(server.address()));
  EXPECT_EQ(client.ask("k", {"PING"}, Deadline::in(200ms)).error().text,
            server.address().text() + ": no answer in time");
}

TEST(RedisClient, drops_a_connection_on_which_something_came_that_nobody_asked) {
  const HostileRedis server("+PONG\r\n+surprise\r\n", Afterwards::hold);
  RedisClient client(single(server.address()));
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(client.ask("k", {"PING"}, soon())->text, "PONG");
    EXPECT_EQ(server.connections(), i);
  }
}

TEST(RedisClient, does_not_leave_a_server_alone_that_had_no_time_to_answer) {
  RedisProcess server;
  RedisClient client(single(server.address()));
  EXPECT_TRUE(client.ask("k", {"PING"}, soon()));
  server.freeze();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(client.ask("k", {"PING"}, Deadline::in(50ms)).error(),
              (Error{Code::temporary, server.address().text() + ": no answer in time"}));
  }
  server.thaw();
  EXPECT_EQ(client.ask("k", {"PING"}, soon())->text, "PONG");
}

TEST(RedisClient, is_asked_by_many_threads_at_once) {
  const RedisProcess server;
  RedisClient client(single(server.address()));
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 48; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        if (client.ask("n", {"INCR", "n"}, soon())) ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 48 * 50);
  EXPECT_EQ(client.ask("n", {"GET", "n"}, soon())->text, "2400");
}

}  // namespace
}  // namespace icm
