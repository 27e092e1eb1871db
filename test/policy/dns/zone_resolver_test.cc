// SPDX-License-Identifier: Apache-2.0
#include "policy/dns/zone_resolver.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using std::chrono_literals::operator""s;

ZoneResolver zone(std::string_view json) {
  auto parsed = ZoneResolver::parse(json);
  EXPECT_TRUE(parsed) << parsed.error().text;
  return *std::move(parsed);
}

DnsAnswer ask(ZoneResolver& resolver, std::string_view name, RecordType type) {
  return resolver.query(name, type, Deadline::in(60s));
}

TEST(ZoneResolver, tells_ok_no_data_no_such_name_and_temporary_apart) {
  ZoneResolver resolver =
      zone(R"({"a.example.": {"A": ["192.0.2.1"], "MX": ["TIMEOUT"], "TXT": []}})");
  EXPECT_EQ(ask(resolver, "a.example", RecordType::a).status, DnsStatus::ok);
  EXPECT_EQ(ask(resolver, "A.EXAMPLE.", RecordType::a).status, DnsStatus::ok);
  EXPECT_EQ(ask(resolver, "a.example", RecordType::txt).status, DnsStatus::no_data);
  EXPECT_EQ(ask(resolver, "a.example", RecordType::aaaa).status, DnsStatus::no_data);
  EXPECT_EQ(ask(resolver, "a.example", RecordType::mx).status, DnsStatus::temporary);
  EXPECT_EQ(ask(resolver, "b.example", RecordType::a).status, DnsStatus::no_such_name);
  EXPECT_EQ(ask(resolver, "x..example", RecordType::a).status, DnsStatus::no_such_name);
}

TEST(ZoneResolver, knows_that_a_name_exists_when_something_is_below_it) {
  ZoneResolver resolver = zone(R"({"_dmarc.shop.example": {"TXT": ["v=DMARC1"]}})");
  EXPECT_EQ(ask(resolver, "shop.example", RecordType::a).status, DnsStatus::no_data);
  EXPECT_EQ(ask(resolver, "example", RecordType::a).status, DnsStatus::no_data);
  EXPECT_EQ(ask(resolver, "op.example", RecordType::a).status, DnsStatus::no_such_name);
}

TEST(ZoneResolver, joins_the_chunks_of_a_text) {
  ZoneResolver resolver = zone(R"({"t.example": {"TXT": [["v=spf1 ", "-all"], "other"]}})");
  EXPECT_EQ(ask(resolver, "t.example", RecordType::txt).texts,
            (std::vector<std::string>{"v=spf1 -all", "other"}));
}

TEST(ZoneResolver, follows_aliases_and_ends_a_loop) {
  ZoneResolver resolver =
      zone(R"({"www.example": {"CNAME": ["host.example."]}, "host.example": {"A": ["192.0.2.7"]},
                                   "l1.example": {"CNAME": ["l2.example"]}, "l2.example": {"CNAME": ["l1.example"]},
                                   "slow.example": {"CNAME": ["TIMEOUT"]}})");
  EXPECT_EQ(ask(resolver, "www.example", RecordType::a).addresses.size(), 1u);
  EXPECT_EQ(ask(resolver, "l1.example", RecordType::a).status, DnsStatus::temporary);
  EXPECT_EQ(ask(resolver, "l1.example", RecordType::a).problem, "more than 16 CNAMEs in a row");
  EXPECT_EQ(ask(resolver, "slow.example", RecordType::a).status, DnsStatus::temporary);
}

TEST(ZoneResolver, says_where_a_zone_file_is_wrong) {
  struct Case {
    std::string_view json, error;
  };
  for (const auto& [json, error] :
       {Case{"{", "1:1: expected a JSON object of DNS names, got \"{\" there"},
        Case{"{\"a.example\": {\"A\": [\"192.0.2.1\"]},\n  }",
             "2:3: expected a JSON object of DNS names, got \"\"192.0.2.1\"]},<U+000A>  }\" there"},
        Case{"[]", "expected a JSON object of DNS names, got []"},
        Case{"{\"a\": [[[[[[[[[]]]]]]]]]}", "expected a JSON object of DNS names, got a deep nest"},
        Case{R"({"a.example": 1})", "a.example: expected an object of record types, got 1"},
        Case{R"({"a.example": {"A": "192.0.2.1"}})",
             R"(a.example A: expected a list, got "192.0.2.1")"},
        Case{R"({"a.example": {"A": ["2001:db8::1"]}})",
             R"(a.example A: expected an IPv4 address, got "2001:db8::1")"},
        Case{R"({"a.example": {"AAAA": ["192.0.2.1"]}})",
             R"(a.example AAAA: expected an IPv6 address, got "192.0.2.1")"},
        Case{R"({"a.example": {"MX": [["x", "y"]]}})",
             R"(a.example MX: expected [preference, "host."], got ["x","y"])"},
        Case{R"({"a.example": {"SRV": []}})",
             "a.example SRV: expected one of A, AAAA, MX, TXT, PTR, CNAME, SPF"}}) {
    const auto parsed = ZoneResolver::parse(json);
    ASSERT_FALSE(parsed) << json;
    EXPECT_EQ(parsed.error().text, error);
  }
}

TEST(ZoneResolver, takes_an_empty_list_of_any_type_for_no_record) {
  auto resolver = *ZoneResolver::parse(R"({"a.example": {"CNAME": [], "A": ["192.0.2.1"]},
                                           "b.example": {"A": [], "TXT": []}})");
  EXPECT_EQ(ask(resolver, "a.example", RecordType::a).addresses.size(), 1u);
  EXPECT_EQ(ask(resolver, "b.example", RecordType::a).status, DnsStatus::no_data);
}

TEST(ZoneResolver, loads_nothing_but_a_file_that_can_be_read_whole) {
  EXPECT_EQ(ZoneResolver::load("/").error().text, "/: Is a directory");
  EXPECT_EQ(ZoneResolver::load("/nowhere.json").error().text,
            "/nowhere.json: No such file or directory");
  EXPECT_EQ(ZoneResolver::load("/dev/zero").error().text, "/dev/zero: larger than 64 MiB");
}

TEST(ZoneResolver, is_not_exhausted_by_a_file_of_brackets) {
  const auto parsed = ZoneResolver::parse(std::string(5'000'000, '['));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().text, "expected a JSON object of DNS names, got a deep nest");
}

TEST(ReverseName, spells_both_families_backwards) {
  EXPECT_EQ(reverse_name(*IpAddress::parse("192.0.2.1")), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_name(*IpAddress::parse("2001:db8::1")),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

}  // namespace
}  // namespace icm
