// SPDX-License-Identifier: Apache-2.0
#include "policy/dns/resolv_conf.h"

#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"

namespace icm {
namespace {

std::string texts(const std::vector<NameServer>& servers) {
  std::string all;
  for (const NameServer& server : servers) all += (all.empty() ? "" : " ") + server.text();
  return all;
}

TEST(ResolvConf, names_the_servers_in_their_order) {
  EXPECT_EQ(texts(parse_resolv_conf("# made by a program\n"
                                    "domain corp.example\nsearch corp.example example\n"
                                    "nameserver 192.0.2.1\n"
                                    "nameserver\t2001:db8::1   \r\n"
                                    "  nameserver fe80::1%eth0 # the router\n"
                                    "options edns0 timeout:1\n;nameserver 192.0.2.9\n")),
            "192.0.2.1 2001:db8::1 fe80::1%eth0");
}

TEST(ResolvConf, without_a_server_means_the_one_on_this_host) {
  for (const std::string_view text : {"", "\n", "search example\n", "nameserver\n",
                                      "nameserver ns.example\n", "nameservers 192.0.2.1\n"}) {
    EXPECT_EQ(texts(parse_resolv_conf(text)), "127.0.0.1") << text;
  }
}

TEST(ResolvConf, has_an_end) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "nameserver 192.0.2.1\n";
  EXPECT_EQ(parse_resolv_conf(text).size(), 8u);
}

TEST(ResolvConf, that_is_missing_is_like_an_empty_one) {
  const TemporaryDirectory directory;
  EXPECT_EQ(texts(read_resolv_conf(directory.path() / "none").value()), "127.0.0.1");
  EXPECT_EQ(texts(read_resolv_conf(directory.write("empty", "")).value()), "127.0.0.1");
  EXPECT_EQ(texts(read_resolv_conf(directory.write("one", "nameserver 192.0.2.3")).value()),
            "192.0.2.3");
}

TEST(ResolvConf, that_cannot_be_read_is_an_error) {
  const TemporaryDirectory directory;
  const auto read = read_resolv_conf(directory.path());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), (Error{Code::config, fmt::format("{}: cannot be read: Is a directory",
                                                           directory.path().string())}));
}

}  // namespace
}  // namespace icm
