// SPDX-License-Identifier: Apache-2.0
//
// RFC 7208 §5 and §6.1: each mechanism and redirect, in every form that the grammar of §12 knows.
#include <gtest/gtest.h>

#include "test/policy/auth/spf_fixture.h"

namespace icm {
namespace {

using enum SpfStatus;

constexpr std::string_view v4 = "192.0.2.1";
constexpr std::string_view v6 = "2001:db8::1";
constexpr std::string_view mapped = "::ffff:192.0.2.1";

struct Case {
  std::string_view record, client;
  SpfStatus status;
};

void expect(std::initializer_list<Case> cases, std::string_view more = {}) {
  for (const auto& [record, client, status] : cases) {
    const auto result = spf_of(zone_with(record, more), client, "ann@e.example");
    EXPECT_EQ(result.status, status) << record << " from " << client << ": "
                                     << to_string(result.status) << ", " << result.problem;
  }
}

constexpr std::string_view names =
    R"("four.example": {"A": ["192.0.2.1"]}, "six.example": {"AAAA": ["2001:db8::1"]},
       "near.example": {"A": ["192.0.2.9"], "AAAA": ["2001:db8::9"]},
       "both.example": {"A": ["203.0.113.1", "192.0.2.1"], "AAAA": ["2001:db8::1"]},
       "alias.example": {"CNAME": ["both.example"]},
       "mapped.example": {"AAAA": ["::ffff:192.0.2.1"]},
       "a.foo-bar": {"A": ["192.0.2.1"]}, "a.xn--zckzah": {"A": ["192.0.2.1"]},
       "foo:bar/baz.example": {"A": ["192.0.2.1"]}, "_x.example": {"A": ["192.0.2.1"]},
       "yes.example": {"A": ["127.0.0.2"]}, "yes6.example": {"AAAA": ["2001:db8::2"]},
       "mx.example": {"A": ["192.0.2.1"], "MX": [[10, "near.example"], [5, "both.example."]]},
       "nullmx.example": {"A": ["192.0.2.1"], "MX": [[0, "."]]},
       "mxonly.example": {"MX": [[0, "nowhere.example"], [1, "both.example"]]},
       "pass.example": {"TXT": ["v=spf1 +all"]}, "fail.example": {"TXT": ["v=spf1 -all"]},
       "soft.example": {"TXT": ["v=spf1 ~all"]}, "neutral.example": {"TXT": ["v=spf1 ?all"]},
       "wrong.example": {"TXT": ["v=spf1 what"]}, "two.example": {"TXT": ["v=spf1", "v=spf1"]},
       "none.example": {"TXT": ["hello"]}, "localhost": {"TXT": ["v=spf1 +all"], "A": ["192.0.2.1"]})";

TEST(SpfMechanisms, ip4_and_ip6_compare_networks) {
  expect({
      {"v=spf1 ip4:192.0.2.1 -all", v4, pass},
      {"v=spf1 ip4:192.0.2.1/32 -all", v4, pass},
      {"v=spf1 ip4:192.0.2.2/31 -all", v4, fail},
      {"v=spf1 ip4:192.0.2.255/24 -all", v4, pass},
      {"v=spf1 ip4:1.2.3.4/0 -all", v4, pass},
      {"v=spf1 ip4:1.2.3.4/0 -all", v6, fail},
      {"v=spf1 ip4:192.0.2.1 -all", mapped, pass},
      {"v=spf1 ip6:::/0 -all", v6, pass},
      {"v=spf1 ip6:::/0 -all", v4, fail},
      {"v=spf1 ip6:::/0 -all", mapped, fail},
      {"v=spf1 ip6:::ffff:0:0/96 -all", v4, fail},
      {"v=spf1 ip6:::ffff:192.0.2.1/96 -all", mapped, fail},
      {"v=spf1 ip6:2001:DB8::1 -all", v6, pass},
      {"v=spf1 ip6:2001:db8:0:0:0:0:0:1 -all", v6, pass},
      {"v=spf1 ip6:2001:db8::0.0.0.1 -all", v6, pass},
      {"v=spf1 ip6:2001:db8::ffff/64 -all", v6, pass},
      {"v=spf1 ip6:2001:db8::2/127 -all", v6, fail},
      {"v=spf1 ip6:2001:db8::2/126 -all", v6, pass},
  });
}

TEST(SpfMechanisms, ip4_and_ip6_take_nothing_but_networks) {
  for (const std::string_view term : {"ip4",
                                      "ip4:",
                                      "ip4/24",
                                      "ip4:192.0.2",
                                      "ip4:192.0.2.1.",
                                      "ip4:192.0.2.1:25",
                                      "ip4:192.0.2.256",
                                      "ip4:192.0.2.01",
                                      "ip4:192.0.02.1",
                                      "ip4:192.0.2.1/",
                                      "ip4:192.0.2.1/33",
                                      "ip4:192.0.2.1/032",
                                      "ip4:192.0.2.1/00",
                                      "ip4:192.0.2.1//32",
                                      "ip4:192.0.2.1/-1",
                                      "ip4:192.0.2.1/+1",
                                      "ip4:192.0.2.1/24/24",
                                      "ip4:0xc0.0.2.1",
                                      "ip4:3221225985",
                                      "ip4:e.example",
                                      "ip4:::1",
                                      "ip4=192.0.2.1/24%",
                                      "ip6",
                                      "ip6:",
                                      "ip6/64",
                                      "ip6:2001:db8",
                                      "ip6:2001:db8::1::",
                                      "ip6:2001:db8::12345",
                                      "ip6:[2001:db8::1]",
                                      "ip6:fe80::1%eth0",
                                      "ip6:2001:db8::/129",
                                      "ip6:2001:db8::/064",
                                      "ip6:2001:db8:://64",
                                      "ip6:2001:db8::/",
                                      "ip6:192.0.2.1",
                                      "ip6:::1.1.1.1//33",
                                      "ip6:::1.1.1"}) {
    const auto result = spf_of(zone_with(fmt::format("v=spf1 {} +all", term)), v4, "ann@e.example");
    EXPECT_EQ(result.status, perm_error) << term;
  }
}

TEST(SpfMechanisms, a_compares_the_addresses_of_the_clients_family) {
  expect(
      {
          {"v=spf1 a:four.example -all", v4, pass},
          {"v=spf1 a:four.example -all", mapped, pass},
          {"v=spf1 a:four.example -all", v6, fail},
          {"v=spf1 a:six.example -all", v6, pass},
          {"v=spf1 a:six.example -all", v4, fail},
          {"v=spf1 a:both.example -all", v4, pass},
          {"v=spf1 a:ALIAS.example. -all", v6, pass},
          {"v=spf1 a:mapped.example -all", v4, fail},
          {"v=spf1 a:near.example/28 -all", v4, pass},
          {"v=spf1 a:near.example/28 -all", v6, fail},
          {"v=spf1 a:near.example//124 -all", v6, pass},
          {"v=spf1 a:near.example//124 -all", v4, fail},
          {"v=spf1 a:near.example/28//124 -all", v4, pass},
          {"v=spf1 a:near.example/28//124 -all", v6, pass},
          {"v=spf1 a:near.example/0 -all", v4, pass},
          {"v=spf1 a:near.example/0 -all", v6, fail},
          {"v=spf1 a:near.example//0 -all", v6, pass},
          {"v=spf1 a:near.example//0 -all", v4, fail},
          {"v=spf1 a:near.example/0//0 -all", v6, pass},
          {"v=spf1 a:six.example/0 -all", v4, fail},  // no address, so nothing is near it
          {"v=spf1 a:nowhere.example/0 -all", v4, fail},
          {"v=spf1 a//64 -all", v4, fail},
          {"v=spf1 a/24//64 -all", v4, fail},
          {"v=spf1 a:a.foo-bar -all", v4, pass},
          {"v=spf1 a:a.xn--zckzah -all", v4, pass},
          {"v=spf1 a:foo:bar/baz.example -all", v4, pass},
          {"v=spf1 a:_x.example -all", v4, pass},
          {"v=spf1 A:four.example -ALL", v4, pass},
          {"v=spf1 a:%{d1r}.%{o2}.nowhere.example -all", v4, fail},
      },
      names);
}

TEST(SpfMechanisms, with_a_domain_take_no_half_of_one) {
  const std::string too_long = "a:" + std::string(64, 'x') + ".example";
  for (const std::string_view term : {"a:",
                                      "a/",
                                      "a/33",
                                      "a/033",
                                      "a/24/",
                                      "a/24/64",
                                      "a//",
                                      "a//129",
                                      "a//064",
                                      "a/24//",
                                      "a///64",
                                      "a:/24",
                                      "a:x.example/",
                                      "a:x.example/33",
                                      "a:x.example//129",
                                      "a:x.example/24/64",
                                      "a:museum",
                                      "a:museum.",
                                      "a:.",
                                      "a:x.example..",
                                      "a:x.123",
                                      "a:111.222.33.44",
                                      "a:111.222.33.44/24",
                                      "a:x.example:8080",
                                      "a:x.-com",
                                      "a:x.com-",
                                      "a:x.ex_ample",
                                      "a:%{d}com",
                                      "a:x.%{d}.",
                                      "a:%",
                                      "a:%{}",
                                      "a:%{d",
                                      "a:%d",
                                      "a:%{D",
                                      "a:%(d)",
                                      "a:%{dr2}",
                                      "a:%{d2rr}",
                                      "a:%{d-2}",
                                      "a:%{d!}",
                                      "a:%{d0}.example",
                                      "a:%{x}",
                                      "a:%{c}",
                                      "a:%{r}",
                                      "a:%{t}",
                                      "a:x.example%",
                                      "a=x.example%",
                                      "a.x.example",
                                      "abc:x.example",
                                      "mx:",
                                      "mx:museum",
                                      "mx:x.example/33",
                                      "mx:x.example//129",
                                      "mx:x.example:25",
                                      "ptr:",
                                      "ptr/24",
                                      "ptr:museum",
                                      "ptr:x.example/24",
                                      "exists",
                                      "exists:",
                                      "exists:museum",
                                      "exists/24",
                                      "exists:x.example/24",
                                      "include",
                                      "include:",
                                      "include:museum",
                                      "include:x.example/24",
                                      "include=x.example%",
                                      "redirect=",
                                      "redirect=museum",
                                      "redirect=x.example/24",
                                      "redirect:x.example",
                                      "exp=",
                                      "exp=museum",
                                      "exp:x.example",
                                      "exp=%{c}.example"}) {
    const auto result = spf_of(zone_with(fmt::format("v=spf1 {} +all", term)), v4, "ann@e.example");
    EXPECT_EQ(result.status, perm_error) << term;
  }
  // Well formed, and yet no name: nothing is found there (§4.8).
  expect({{"v=spf1 a:x..example -all", v4, fail},
          {"v=spf1 mx:x..example -all", v4, fail},
          {"v=spf1 exists:x..example -all", v4, fail},
          {"v=spf1 include:x..example -all", v4, perm_error},
          {"v=spf1 redirect=x..example", v4, perm_error},
          {"v=spf1 include:%{d1r}.. -all", v4, perm_error}});
  EXPECT_EQ(spf_of(zone_with("v=spf1 " + too_long + " -all"), v4, "a@e.example").status, fail);
}

TEST(SpfMechanisms, mx_goes_by_the_addresses_of_the_exchanges) {
  expect(
      {
          {"v=spf1 mx:mx.example -all", v4, pass},
          {"v=spf1 mx:mx.example -all", v6, pass},
          {"v=spf1 mx:mx.example/28 -all", "192.0.2.8", pass},
          {"v=spf1 mx:mx.example//124 -all", "2001:db8::a", pass},
          {"v=spf1 mx:mx.example//124 -all", "192.0.2.8", fail},
          {"v=spf1 mx/0 -all", v4, fail},
          {"v=spf1 mx:four.example -all", v4, fail},  // §5.4: no implicit MX
          {"v=spf1 mx:nullmx.example -all", v4, fail},
          {"v=spf1 mx:mxonly.example -all", v4, pass},
          {"v=spf1 mx:nowhere.example -all", v4, fail},
      },
      names);
}

TEST(SpfMechanisms, exists_asks_for_an_a_record_whoever_the_client_is) {
  expect(
      {
          {"v=spf1 exists:yes.example -all", v4, pass},
          {"v=spf1 exists:yes.example -all", v6, pass},
          {"v=spf1 exists:yes6.example -all", v4, fail},
          {"v=spf1 exists:yes6.example -all", v6, fail},
          {"v=spf1 exists:nowhere.example -all", v4, fail},
      },
      names);
}

TEST(SpfMechanisms, ptr_believes_names_that_lead_back) {
  expect(
      {
          {"v=spf1 ptr -all", v4, pass},
          {"v=spf1 ptr:e.example -all", v4, pass},
          {"v=spf1 ptr:EXAMPLE -all", v4, perm_error},
          {"v=spf1 ptr:host.e.example -all", v4, pass},
          {"v=spf1 ptr:ost.e.example -all", v4, fail},
          {"v=spf1 ptr:liar.example -all", v4, fail},
          {"v=spf1 ptr:loop.example -all", v4, fail},
          {"v=spf1 ptr -all", v6, pass},
          {"v=spf1 ptr -all", "192.0.2.2", fail},
          {"v=spf1 ptr:e.example -all", mapped, pass},
      },
      R"("1.2.0.192.in-addr.arpa": {"PTR": ["liar.example", "loop.example", "HOST.e.example."]},
         "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": {"PTR": ["host.e.example"]},
         "liar.example": {"A": ["203.0.113.1"]}, "loop.example": {"CNAME": ["loop.example"]},
         "host.e.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]})");
}

// The table of §5.2.
TEST(SpfMechanisms, include_matches_a_pass_and_only_that) {
  expect(
      {
          {"v=spf1 include:pass.example -all", v4, pass},
          {"v=spf1 ?include:pass.example -all", v4, neutral},
          {"v=spf1 -include:pass.example +all", v4, fail},
          {"v=spf1 include:fail.example ~all", v4, soft_fail},
          {"v=spf1 include:soft.example -all", v4, fail},
          {"v=spf1 include:neutral.example -all", v4, fail},
          {"v=spf1 include:wrong.example -all", v4, perm_error},
          {"v=spf1 include:two.example -all", v4, perm_error},
          {"v=spf1 include:none.example -all", v4, perm_error},
          {"v=spf1 include:nowhere.example -all", v4, perm_error},
          {"v=spf1 ~include:nowhere.example ~all", v4, perm_error},
      },
      names);
}

TEST(SpfRedirect, is_the_result_of_its_target) {
  expect(
      {
          {"v=spf1 redirect=pass.example", v4, pass},
          {"v=spf1 redirect=fail.example", v4, fail},
          {"v=spf1 redirect=soft.example", v4, soft_fail},
          {"v=spf1 redirect=neutral.example", v4, neutral},
          {"v=spf1 redirect=wrong.example", v4, perm_error},
          {"v=spf1 redirect=two.example", v4, perm_error},
          {"v=spf1 redirect=none.example", v4, perm_error},
          {"v=spf1 redirect=nowhere.example", v4, perm_error},
          {"v=spf1 redirect=nowhere.example -all", v4, fail},
          {"v=spf1 redirect=nowhere.example ip4:192.0.2.1", v4, pass},
          {"v=spf1 ip4:203.0.113.1 redirect=soft.example", v4, soft_fail},
          {"v=spf1 redirect=%{l}.pass.%{d}", v4, perm_error},
      },
      names);
}

// §4.3 holds for each check_host(), so a macro cannot lead to a name of one label.
TEST(SpfTargets, of_one_label_have_no_record) {
  for (const std::string_view record : {"v=spf1 include:%{h} -all", "v=spf1 redirect=%{h}"}) {
    EXPECT_EQ(spf_of(zone_with(record, names), v4, "ann@e.example", "localhost").status, perm_error)
        << record;
  }
  EXPECT_EQ(spf_of(zone_with("v=spf1 a:%{h} -all", names), v4, "ann@e.example", "localhost").status,
            pass);
}

// §5.5: "If a DNS error occurs while doing the PTR RR lookup, then this mechanism fails to match".
TEST(SpfPtr, a_lookup_that_fails_is_no_match_and_is_told) {
  const SpfResult lost =
      spf_of(zone_with("v=spf1 ptr -all", R"("7.113.0.203.in-addr.arpa": {"PTR": ["TIMEOUT"]})"),
             "203.0.113.7", "ann@e.example");
  EXPECT_EQ(lost.status, SpfStatus::fail);
  EXPECT_TRUE(lost.problem.starts_with("PTR 7.113.0.203.in-addr.arpa: ")) << lost.problem;
  EXPECT_TRUE(lost.problem.ends_with("; that is no match for ptr (RFC 7208 section 5.5)"))
      << lost.problem;
  const SpfResult found = spf_of(zone_with("v=spf1 ptr ip4:203.0.113.7 -all",
                                           R"("7.113.0.203.in-addr.arpa": {"PTR": ["TIMEOUT"]})"),
                                 "203.0.113.7", "ann@e.example");
  EXPECT_EQ(found.status, SpfStatus::pass);
  EXPECT_EQ(found.problem, "");
}

}  // namespace
}  // namespace icm
