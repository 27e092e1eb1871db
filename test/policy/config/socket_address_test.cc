// SPDX-License-Identifier: Apache-2.0
#include "policy/config/socket_address.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

TEST(SocketAddress, is_read_as_libmilter_writes_it) {
  struct Case {
    std::string_view text;
    SocketAddress address;
    bool is_local;
  };
  using Family = SocketAddress::Family;
  for (const auto& [text, address, is_local] : {
           Case{"unix:/run/x.sock", {Family::unix_path, "/run/x.sock", 0, ""}, true},
           Case{"unix:/run/a:b@c", {Family::unix_path, "/run/a:b@c", 0, ""}, true},
           Case{"inet:8891@127.0.0.1", {Family::inet, "", 8891, "127.0.0.1"}, true},
           Case{"inet:8891@localhost", {Family::inet, "", 8891, "localhost"}, true},
           Case{"inet:65535@192.0.2.1", {Family::inet, "", 65535, "192.0.2.1"}, false},
           Case{"inet:1@0.0.0.0", {Family::inet, "", 1, "0.0.0.0"}, false},
           Case{"inet:8891@mx.example.com", {Family::inet, "", 8891, "mx.example.com"}, false},
           Case{"inet6:8891@::1", {Family::inet6, "", 8891, "::1"}, true},
           Case{"inet6:8891@[::1]", {Family::inet6, "", 8891, "::1"}, true},
           Case{"inet6:8891@2001:db8::1", {Family::inet6, "", 8891, "2001:db8::1"}, false},
           Case{"inet6:8891@::", {Family::inet6, "", 8891, "::"}, false},
       }) {
    const Result<SocketAddress> parsed = SocketAddress::parse(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().text;
    EXPECT_EQ(*parsed, address) << text;
    EXPECT_EQ(parsed->is_local(), is_local) << text;
    EXPECT_EQ(SocketAddress::parse(parsed->text()), *parsed) << text;
  }
}

TEST(SocketAddress, that_is_none_says_how_to_write_it) {
  struct Case {
    std::string_view text, error;
  };
  for (const auto& [text, error] : {
           Case{"", "it begins with none of unix:, inet: and inet6:"},
           Case{"/run/x.sock", "write unix: in front of a path"},
           Case{"local:/run/x.sock", "it begins with none of unix:, inet: and inet6:"},
           Case{"UNIX:/run/x", "it begins with none of unix:, inet: and inet6:"},
           Case{"unix:", "the path is not absolute"},
           Case{"unix:x.sock", "the path is not absolute"},
           Case{"inet:", "the port is not a number from 1 to 65535"},
           Case{"inet:0@127.0.0.1", "the port is not a number from 1 to 65535"},
           Case{"inet:65536@127.0.0.1", "the port is not a number from 1 to 65535"},
           Case{"inet:smtp@127.0.0.1", "the port is not a number from 1 to 65535"},
           Case{"inet:8891",
                "which address to listen on is missing: write inet:8891@127.0.0.1 for this host "
                "alone"},
           Case{"inet6:8891",
                "which address to listen on is missing: write inet6:8891@::1 for this host alone"},
           Case{"inet:127.0.0.1:8891", "the port comes first: write inet:8891@127.0.0.1"},
           Case{"inet:localhost:8891", "the port comes first: write inet:8891@localhost"},
           Case{"inet:8891@", "\"\" is neither an IPv4 address nor a host name"},
           Case{"inet:8891@::1", "\"::1\" is neither an IPv4 address nor a host name"},
           Case{"inet:8891@999.1.1.1", "\"999.1.1.1\" is neither an IPv4 address nor a host name"},
           Case{"inet6:8891@127.0.0.1", "\"127.0.0.1\" is neither an IPv6 address nor a host name"},
           Case{"inet:8891@a b", "\"a b\" is neither an IPv4 address nor a host name"},
       }) {
    const Result<SocketAddress> parsed = SocketAddress::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error(), (Error{Code::config, std::string(error)})) << text;
  }
}

TEST(SocketAddress, has_a_path_no_longer_than_the_kernel_takes) {
  const std::string longest = "unix:/" + std::string(106, 'x');
  EXPECT_TRUE(SocketAddress::parse(longest));
  EXPECT_EQ(SocketAddress::parse(longest + "x").error().text,
            "the path has 108 octets, a unix socket takes at most 107");
}

}  // namespace
}  // namespace icm
