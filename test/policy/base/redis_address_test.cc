// SPDX-License-Identifier: Apache-2.0
//
// RedisAddress: what may be written for a server, and what is said of the rest.
#include "policy/base/redis_address.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

TEST(RedisAddress, is_read_and_written_back_as_it_was) {
  for (const std::string_view text : {"unix:/run/redis/redis.sock", "192.0.2.1", "192.0.2.1:6380",
                                      "192.0.2.1:6379", "2001:db8::1", "[2001:db8::1]:6380"}) {
    const auto server = RedisAddress::parse(text);
    ASSERT_TRUE(server) << text << ": " << server.error().text;
    EXPECT_EQ(server->text(), text);
  }
}

TEST(RedisAddress, tells_this_host_from_others) {
  for (const auto& [text, is_local] :
       {std::pair{"unix:/run/redis/redis.sock", true}, std::pair{"127.0.0.1:7000", true},
        std::pair{"::1", true}, std::pair{"192.0.2.1", false}, std::pair{"2001:db8::1", false}}) {
    EXPECT_EQ(RedisAddress::parse(text)->is_local(), is_local) << text;
  }
}

TEST(RedisAddress, leaves_the_port_open_where_none_was_given) {
  EXPECT_EQ(RedisAddress::parse("192.0.2.1")->port, std::nullopt);
  EXPECT_EQ(RedisAddress::parse("[2001:db8::1]")->port, std::nullopt);
  EXPECT_EQ(RedisAddress::parse("192.0.2.1:53")->port, 53);
}

TEST(RedisAddress, refuses_what_is_none_and_says_why) {
  const std::string long_path = "unix:/" + std::string(107, 'x');
  for (const auto& [text, why] : {
           std::pair<std::string_view, std::string_view>{"", "\"\" is no IPv4 or IPv6 address"},
           {"redis.example.com", "names are not looked up here: write the server's address"},
           {"redis.example.com:6379", "names are not looked up here: write the server's address"},
           {"localhost", "names are not looked up here: write the server's address"},
           {"/run/redis.sock", "write unix: in front of a socket's path"},
           {"unix:redis.sock", "the path is not absolute"},
           {"unix:/run/redis\n.sock", "the path holds a control character"},
           {long_path, "a unix socket's path has at most 107 octets, this has 108"},
           {"192.0.2.1:0", "the port is not a number from 1 to 65535"},
           {"192.0.2.1:65536", "the port is not a number from 1 to 65535"},
           {"[2001:db8::1", "the ] is missing"},
           {"fe80::1%eth0", "an address with an interface is not supported"},
       }) {
    const auto server = RedisAddress::parse(text);
    ASSERT_FALSE(server) << text;
    EXPECT_EQ(server.error(), (Error{Code::config, std::string(why)})) << text;
  }
}

}  // namespace
}  // namespace icm
