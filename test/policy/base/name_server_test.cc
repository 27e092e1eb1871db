// SPDX-License-Identifier: Apache-2.0
#include "policy/base/name_server.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

TEST(NameServer, is_an_address_with_or_without_a_port) {
  struct Case {
    std::string_view text, address;
    int port;
    std::string_view interface;
    std::string_view written;
  };
  for (const auto& [text, address, port, interface, written] : {
           Case{"192.0.2.1", "192.0.2.1", 53, "", "192.0.2.1"},
           Case{"192.0.2.1:53", "192.0.2.1", 53, "", "192.0.2.1"},
           Case{"127.0.0.1:5353", "127.0.0.1", 5353, "", "127.0.0.1:5353"},
           Case{"[192.0.2.1]:65535", "192.0.2.1", 65535, "", "192.0.2.1:65535"},
           Case{"2001:DB8::1", "2001:db8::1", 53, "", "2001:db8::1"},
           Case{"[2001:db8::1]", "2001:db8::1", 53, "", "2001:db8::1"},
           Case{"[2001:db8::1]:5353", "2001:db8::1", 5353, "", "[2001:db8::1]:5353"},
           Case{"fe80::1%eth0", "fe80::1", 53, "eth0", "fe80::1%eth0"},
           Case{"[fe80::1%eth0.2]:54", "fe80::1", 54, "eth0.2", "[fe80::1%eth0.2]:54"},
       }) {
    const Result<NameServer> server = NameServer::parse(text);
    ASSERT_TRUE(server) << text << ": " << server.error().text;
    EXPECT_EQ(server->address.text(), address) << text;
    EXPECT_EQ(server->port, port) << text;
    EXPECT_EQ(server->interface, interface) << text;
    EXPECT_EQ(server->text(), written) << text;
    EXPECT_EQ(NameServer::parse(written), *server) << text;
  }
}

TEST(NameServer, that_is_none_says_what_is_wrong) {
  struct Case {
    std::string_view text, error;
  };
  for (const auto& [text, error] : {
           Case{"", "\"\" is no IPv4 or IPv6 address"},
           Case{"ns.example", "\"ns.example\" is no IPv4 or IPv6 address"},
           Case{"ns.example:53", "\"ns.example\" is no IPv4 or IPv6 address"},
           Case{"192.0.2", "\"192.0.2\" is no IPv4 or IPv6 address"},
           Case{"192.0.2.1@53", "\"192.0.2.1@53\" is no IPv4 or IPv6 address"},
           Case{"192.0.2.1:", "the port is not a number from 1 to 65535"},
           Case{"192.0.2.1:0", "the port is not a number from 1 to 65535"},
           Case{"192.0.2.1:65536", "the port is not a number from 1 to 65535"},
           Case{"[2001:db8::1]:domain", "the port is not a number from 1 to 65535"},
           Case{"[2001:db8::1", "the ] is missing"},
           Case{"[2001:db8::1]5353", "only a colon and the port may follow the ]"},
           Case{"2001:db8::1%eth0", "only a link-local IPv6 address has an interface"},
           Case{"192.0.2.1%eth0", "only a link-local IPv6 address has an interface"},
           Case{"fe80::1%", "the name of an interface must follow the %"},
           Case{"fe80::1%a b", "the name of an interface must follow the %"},
           Case{"fe80::1%abcdefghijklmnop", "the name of an interface must follow the %"},
       }) {
    const Result<NameServer> server = NameServer::parse(text);
    ASSERT_FALSE(server) << text;
    EXPECT_EQ(server.error(), (Error{Code::config, std::string(error)})) << text;
  }
}

}  // namespace
}  // namespace icm
