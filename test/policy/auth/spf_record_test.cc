// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/spf_record.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

TEST(SpfRecord, is_known_by_its_version_section) {
  for (const std::string_view text : {"v=spf1", "v=spf1 -all", "V=SPF1 ~all"})
    EXPECT_TRUE(is_spf_record(text)) << text;
  for (const std::string_view text : {"v=spf10", "v=spf1-all", " v=spf1", "spf2.0/pra", ""}) {
    EXPECT_FALSE(is_spf_record(text)) << text;
  }
}

TEST(SpfRecord, takes_every_form_of_the_grammar) {
  for (const std::string_view text :
       {"v=spf1", "v=spf1  +a  -all ", "v=spf1 a/24 mx//64 a:x.example/0//0 -all",
        "v=spf1 ip4:192.0.2.0/0 ip6:2001:db8::/128 ip6:::ffff:1.2.3.4 ?all",
        "v=spf1 exists:%{ir}.%{v}._spf.%{d2}", "v=spf1 a:foo:bar/baz.example.com",
        "v=spf1 include:%{l1r+-}.x.example redirect=_spf.x.example.",
        "v=spf1 exp=exp.%{d} moo.cow-far_out=man:dog/cat", "v=spf1 foo=%{d} a:%{d}%-",
        "v=spf1 a:x.%%.example ptr ptr:x.example",
        "v=spf1 INCLUDE:x.example IP4:192.0.2.1 eXp=x.example"}) {
    const auto record = parse_spf_record(text);
    EXPECT_TRUE(record) << text << ": " << (record ? "" : record.error().text);
  }
}

TEST(SpfRecord, says_which_term_is_wrong_and_why) {
  struct Case {
    std::string_view text, error;
  };
  for (const auto& [text, error] : {
           Case{"v=spf1 moo", R"("moo": unknown mechanism)"},
           Case{"v=spf1 -", R"("-": unknown mechanism)"},
           Case{"v=spf1 all:x", R"("all:x": "all" takes no argument)"},
           Case{"v=spf1 ip4", R"("ip4": expected ":" and a network)"},
           Case{"v=spf1 ip4:192.0.2", R"("ip4:192.0.2": expected an IPv4 network)"},
           Case{"v=spf1 ip4:192.0.2.1/33",
                R"("ip4:192.0.2.1/33": expected a prefix length from 0 to 32)"},
           Case{"v=spf1 ip4:192.0.2.1/032",
                R"("ip4:192.0.2.1/032": expected a prefix length from 0 to 32)"},
           Case{"v=spf1 ip6:2001:db8::/129",
                R"("ip6:2001:db8::/129": expected a prefix length from 0 to 128)"},
           Case{"v=spf1 a/33", R"("a/33": expected an IPv4 prefix length from 0 to 32)"},
           Case{"v=spf1 a//129", R"("a//129": expected an IPv6 prefix length from 0 to 128)"},
           Case{"v=spf1 a:", R"("a:": expected a domain)"},
           Case{"v=spf1 a:museum",
                R"("a:museum": expected a domain that ends in a top-level label)"},
           Case{"v=spf1 a:museum.",
                R"("a:museum.": expected a domain that ends in a top-level label)"},
           Case{"v=spf1 a:111.222.33.44",
                R"("a:111.222.33.44": expected a domain that ends in a top-level label)"},
           Case{"v=spf1 a:example.com:8080",
                R"("a:example.com:8080": expected a domain that ends in a top-level label)"},
           Case{"v=spf1 a:%{d}com",
                R"("a:%{d}com": expected a domain that ends in a top-level label)"},
           Case{"v=spf1 a:x%%_", R"("a:x%%_": expected a domain that ends in a top-level label)"},
           Case{"v=spf1 exists:x.example/24",
                R"("exists:x.example/24": expected a domain that ends in a top-level label)"},
           Case{"v=spf1 include", R"("include": expected ":" and a domain)"},
           Case{"v=spf1 exists:%{d",
                R"("exists:%{d": "%{d": expected %{letter}, %%, %_ or %- at "%")"},
           Case{"v=spf1 exists:%{x}.example", R"("exists:%{x}.example": %{x} is no macro here)"},
           Case{"v=spf1 exists:%{c}.example", R"("exists:%{c}.example": %{c} is no macro here)"},
           Case{"v=spf1 exists:%{d0}.example",
                R"("exists:%{d0}.example": %{d0}: the number must not be 0)"},
           Case{"v=spf1 exists:%{d;}.example",
                R"("exists:%{d;}.example": %{d;}: expected delimiters out of ".-+,/_=")"},
           Case{"v=spf1 redirect=a.example redirect=b.example",
                R"("redirect=b.example": given twice)"},
           Case{"v=spf1 exp=", R"("exp=": expected a domain)"},
           Case{"v=spf1 foo=%555",
                R"("foo=%555": "%555": expected %{letter}, %%, %_ or %- at "%")"},
           Case{"v=spf1 a\t-all", R"("a\x09-all": unknown mechanism)"},
           Case{"v=spf1 a:x\xc3\xa9.example",
                R"("a:x\xc3\xa9.example": "x\xc3\xa9.example": expected printable ASCII)"},
       }) {
    const auto record = parse_spf_record(text);
    ASSERT_FALSE(record) << text;
    EXPECT_EQ(record.error().text, error) << text;
  }
}

TEST(SpfRecord, reads_prefixes_and_qualifiers) {
  const auto record = parse_spf_record("v=spf1 ~a:x.example/24//64 ?ip6:2001:db8::/32 -all");
  ASSERT_TRUE(record);
  ASSERT_EQ(record->mechanisms.size(), 3u);
  EXPECT_EQ(record->mechanisms[0].qualifier, SpfQualifier::soft_fail);
  EXPECT_EQ(record->mechanisms[0].prefix_v4, 24);
  EXPECT_EQ(record->mechanisms[0].prefix_v6, 64);
  EXPECT_EQ(record->mechanisms[1].qualifier, SpfQualifier::neutral);
  EXPECT_TRUE(record->mechanisms[1].network->contains(*IpAddress::parse("2001:db8::1")));
  EXPECT_EQ(record->mechanisms[2].qualifier, SpfQualifier::fail);
}

}  // namespace
}  // namespace icm
