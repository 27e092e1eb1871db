// SPDX-License-Identifier: Apache-2.0
//
// IPv4 and IPv6 as values.
#include "policy/base/ip_address.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using namespace std::string_literals;

IpAddress address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed) << parsed.error().text;
  return parsed.value();
}

IpRange range(std::string_view text) {
  const auto parsed = IpRange::parse(text);
  EXPECT_TRUE(parsed) << parsed.error().text;
  return parsed.value();
}

TEST(IpAddress, is_written_as_rfc_5952_says) {
  struct Case {
    std::string_view given, text;
  };
  for (const auto& [given, text] :
       {Case{"192.0.2.1", "192.0.2.1"}, Case{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        Case{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"}, Case{"::", "::"}, Case{"::1", "::1"},
        Case{"2001:0db8::0001:0000", "2001:db8::1:0"},
        Case{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}}) {
    EXPECT_EQ(address(given).text(), text);
  }
}

TEST(IpAddress, mapped_ipv4_is_ipv4) {
  EXPECT_EQ(address("::ffff:192.0.2.1"), address("192.0.2.1"));
  EXPECT_TRUE(address("::FFFF:c000:201").is_v4());
  EXPECT_FALSE(address("::192.0.2.1").is_v4());
  EXPECT_EQ(IpAddress::v4({192, 0, 2, 1}), address("192.0.2.1"));
}

TEST(IpAddress, refuses_everything_that_is_not_one_address) {
  for (const std::string& text :
       {""s, "192.0.2"s, "192.0.2.256"s, "192.0.2.01"s, "0xc0.0.2.1"s, "3221225985"s, " 192.0.2.1"s,
        "192.0.2.1 "s, "192.0.2.1/24"s, "192.0.2.1\0"s, ":::"s, "2001:db8"s, "2001:db8::1::"s,
        "fe80::1%eth0"s, "[::1]"s, "12345::"s, "host.example"s}) {
    const auto parsed = IpAddress::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error(),
              (Error{Code::syntax, "expected an IPv4 or IPv6 address, got \"" + text + "\""}));
  }
}

TEST(IpAddress, knows_the_loopback) {
  for (const std::string_view text : {"127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(address(text).is_loopback()) << text;
  }
  for (const std::string_view text : {"128.0.0.1", "::", "::2", "1::1"}) {
    EXPECT_FALSE(address(text).is_loopback()) << text;
  }
}

TEST(IpRange, contains_what_shares_its_prefix) {
  struct Case {
    std::string_view range, address;
    bool contained;
  };
  for (const auto& [in, what, contained] : {
           Case{"192.0.2.0/24", "192.0.2.255", true},
           Case{"192.0.2.0/24", "192.0.3.0", false},
           Case{"192.0.2.128/25", "192.0.2.127", false},
           Case{"192.0.2.128/25", "192.0.2.128", true},
           Case{"192.0.2.7", "192.0.2.7", true},
           Case{"192.0.2.7", "192.0.2.6", false},
           Case{"0.0.0.0/0", "203.0.113.9", true},
           Case{"0.0.0.0/0", "2001:db8::1", false},
           Case{"::/0", "192.0.2.1", false},
           Case{"::/0", "2001:db8::1", true},
           Case{"2001:db8::/33", "2001:db8:7fff::1", true},
           Case{"2001:db8::/33", "2001:db8:8000::1", false},
           Case{"::ffff:192.0.2.0/120", "192.0.2.9", true},
       }) {
    EXPECT_EQ(range(in).contains(address(what)), contained) << in << " " << what;
  }
}

TEST(IpRange, drops_the_bits_behind_its_prefix) {
  EXPECT_EQ(range("192.0.2.77/24"), range("192.0.2.0/24"));
  EXPECT_EQ(range("192.0.2.77/24").text(), "192.0.2.0/24");
  EXPECT_EQ(range("2001:db8:ffff::1/33").text(), "2001:db8:8000::/33");
  EXPECT_EQ(range("::ffff:192.0.2.0/120").text(), "192.0.2.0/24");
  EXPECT_EQ(range("192.0.2.7/32").text(), "192.0.2.7");
  EXPECT_EQ(range("2001:db8::1").text(), "2001:db8::1");
  EXPECT_EQ(IpRange::of(address("192.0.2.7"), 99).text(), "192.0.2.7");
  EXPECT_EQ(IpRange::of(address("192.0.2.7"), -1).text(), "0.0.0.0/0");
}

TEST(IpRange, says_what_is_wrong) {
  struct Case {
    std::string_view given, text;
  };
  for (const auto& [given, text] : {
           Case{"net",
                "expected an address or a range such as 192.0.2.0/24 or 2001:db8::/32, got "
                "\"net\""},
           Case{"/24",
                "expected an address or a range such as 192.0.2.0/24 or 2001:db8::/32, got "
                "\"/24\""},
           Case{"192.0.2.0/",
                "expected a prefix length from 0 to 32 after the slash, got \"192.0.2.0/\""},
           Case{"192.0.2.0/33",
                "expected a prefix length from 0 to 32 after the slash, got \"192.0.2.0/33\""},
           Case{"192.0.2.0/-1",
                "expected a prefix length from 0 to 32 after the slash, got \"192.0.2.0/-1\""},
           Case{"192.0.2.0/8/8",
                "expected a prefix length from 0 to 32 after the slash, got \"192.0.2.0/8/8\""},
           Case{"2001:db8::/129",
                "expected a prefix length from 0 to 128 after the slash, got \"2001:db8::/129\""},
           Case{"::ffff:192.0.2.0/24",
                "expected a prefix length from 96 to 128 after the slash, "
                "got \"::ffff:192.0.2.0/24\""},
       }) {
    const auto parsed = IpRange::parse(given);
    ASSERT_FALSE(parsed) << given;
    EXPECT_EQ(parsed.error(), (Error{Code::syntax, std::string(text)}));
  }
}

}  // namespace
}  // namespace icm
