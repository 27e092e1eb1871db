// SPDX-License-Identifier: Apache-2.0
//
// The way out: addresses that Apple cannot see, names that are none.
#include "policy/config/egress_checks.h"

#include <gtest/gtest.h>

#include "test/policy/config/reading.h"

namespace icm {
namespace {

TEST(EgressChecks, warn_of_addresses_that_no_mail_can_come_from) {
  struct Case {
    std::string_view address, whose;
  };
  for (const auto& [address, whose] : {
           Case{"10.1.2.3", "a private network's (RFC 1918)"},
           Case{"172.31.255.255", "a private network's (RFC 1918)"},
           Case{"192.168.0.1", "a private network's (RFC 1918)"},
           Case{"100.64.0.1", "behind the NAT of a provider (RFC 6598)"},
           Case{"127.0.0.1", "this host's loopback"},
           Case{"169.254.1.1", "of one link alone (RFC 3927)"},
           Case{"224.0.0.1", "a multicast group's"},
           Case{"255.255.255.255", "no host's"},
           Case{"::", "no host's"},
           Case{"::1", "this host's loopback"},
           Case{"fd00::1", "a private network's (RFC 4193)"},
           Case{"fe80::1", "of one link alone (RFC 4291)"},
           Case{"ff02::1", "a multicast group's"},
       }) {
    EXPECT_EQ(all_told_of(fmt::format("egress: {{addresses: [192.0.2.7, \"{}\"]}}", address)),
              fmt::format("milter.conf:1:33: warning: egress.addresses: {} is {}, so Apple never "
                          "sees it; write the address that the NAT or the relay host shows\n",
                          address, whose));
  }
  for (const std::string_view address :
       {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "100.63.255.255",
        "100.128.0.0", "192.0.2.7", "223.255.255.255", "2001:db8::7", "fbff::1"}) {
    EXPECT_EQ(all_told_of(fmt::format("egress: {{addresses: [\"{}\"]}}", address)), "") << address;
  }
}

TEST(EgressChecks, warn_of_those_of_a_stream_too) {
  EXPECT_EQ(all_told_of("egress: {addresses: [192.0.2.7]}\n"
                        "streams: [{name: a, logins: [a], egress: [10.0.0.1], helo: mail}]"),
            "milter.conf:2:43: warning: streams[1].egress: 10.0.0.1 is a private network's (RFC "
            "1918), so Apple never sees it; write the address that the NAT or the relay host "
            "shows\n"
            "milter.conf:2:60: warning: streams[1].helo: \"mail\" is no full name of a host: write "
            "what Postfix says, postconf -hx smtp_helo_name\n");
}

TEST(EgressChecks, warn_of_a_helo_that_is_no_name_of_a_host) {
  for (const std::string_view helo : {"localhost", "mail corp.example", "a..example", "-", "x"}) {
    EXPECT_EQ(all_told_of(fmt::format("egress: {{addresses: [192.0.2.7], helo: \"{}\"}}", helo)),
              fmt::format("milter.conf:1:40: warning: egress.helo: \"{}\" is no full name of a "
                          "host: write what Postfix says, postconf -hx smtp_helo_name\n",
                          helo));
  }
  for (const std::string_view helo : {"mail.corp.example", "[192.0.2.7]", ""}) {
    EXPECT_EQ(all_told_of(fmt::format("egress: {{addresses: [192.0.2.7], helo: \"{}\"}}", helo)),
              "")
        << helo;
  }
}

}  // namespace
}  // namespace icm
