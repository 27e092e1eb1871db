// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/spf_lint.h"

#include <gtest/gtest.h>

#include "policy/dns/zone_resolver.h"

namespace icm {
namespace {

// "kind domain: text" of each finding.
std::vector<std::string> lint(std::string_view records, std::string_view more_zone = "") {
  auto resolver = ZoneResolver::parse(
      fmt::format(R"({{"example.com": {{"TXT": [{}]}}{}}})", records, more_zone));
  EXPECT_TRUE(resolver) << resolver.error().text;
  const SpfBudget budget = spf_budget({.client = *IpAddress::parse("192.0.2.1"),
                                       .helo = "mx.example.com",
                                       .mail_from = "a@example.com"},
                                      *resolver, Deadline::in(std::chrono::seconds{60}));
  std::vector<std::string> lines;
  for (const SpfLint& finding : lint_spf(budget))
    lines.push_back(
        fmt::format("{} {}: {}", to_string(finding.kind), finding.domain, finding.text));
  return lines;
}

using Lines = std::vector<std::string>;

TEST(SpfLint, finds_nothing_in_a_good_record) {
  EXPECT_EQ(lint(R"("v=spf1 ip4:192.0.2.0/24 -all")"), Lines{});
  EXPECT_EQ(lint(R"("v=spf1 redirect=a.example")", R"(, "a.example": {"TXT": ["v=spf1 ~all"]})"),
            Lines{});
}

TEST(SpfLint, finds_what_receivers_stumble_on) {
  struct Case {
    std::string records;
    Lines lines;
  };
  for (
      const auto& [records, lines] : std::initializer_list<Case>{
          {R"("something")", {"no_record example.com: example.com publishes no SPF record"}},
          {R"("v=spf1 -all", "v=spf1 ~all")",
           {"several_records example.com: example.com publishes 2 SPF records: a permerror for "
            "every client; merge them into one"}},
          {R"("v=spf1 ipv4:192.0.2.1 -all")",
           {"syntax example.com: SPF record of example.com: \"ipv4:192.0.2.1\": unknown "
            "mechanism"}},
          {R"("v=spf1 ip4:192.0.2.1 all")",
           {"passes_everybody example.com: all lets the whole world send for example.com; end "
            "with ~all or -all"}},
          {R"("v=spf1 ip4:192.0.2.1")",
           {"no_all example.com: without all or redirect= everybody else is neutral; end with "
            "~all or -all"}},
          {R"("v=spf1 -all ip4:192.0.2.1 redirect=a.example")",
           {"unreachable example.com: ip4:192.0.2.1 stands behind all and is never looked at",
            "unreachable example.com: redirect= beside all is never followed (RFC 7208 section "
            "6.1)"}},
          {R"("v=spf1 ip4:192.0.2.0/24 ?ip4:192.0.2.7 ip4:192.0.3.0/24 a:Mx.a.example ~a:mx.a.example -all")",
           {"unreachable example.com: ?ip4:192.0.2.7 matches nobody whom ip4:192.0.2.0/24 has not "
            "matched before it",
            "unreachable example.com: ~a:mx.a.example matches nobody whom a:Mx.a.example has not "
            "matched before it"}},
          {R"("v=spf1 include:example.com -all")",
           {"lookups example.com: the record tree needs 11 lookups, receivers stop at 10 with a "
            "permerror: replace include, a and mx by ip4 and ip6",
            "broken_branch example.com: include:example.com: example.com leads back to itself: "
            "every client that comes this far is a permerror"}},
      }) {
    EXPECT_EQ(lint(records), lines) << records;
  }
}

TEST(SpfLint, tells_a_branch_that_could_not_be_fetched_from_one_that_is_broken) {
  EXPECT_EQ(
      lint(R"("v=spf1 include:slow.example include:gone.example -all")",
           R"(, "slow.example": {"TXT": ["TIMEOUT"]})"),
      (Lines{"unfetched_branch example.com: include:slow.example: TXT slow.example: temporary "
             "(TIMEOUT in the zone file)",
             "broken_branch example.com: include:gone.example: gone.example publishes no SPF "
             "record"}));
}

TEST(SpfLint, finds_ptr_wherever_it_stands) {
  EXPECT_EQ(lint(R"("v=spf1 include:a.example -all")",
                 R"(, "a.example": {"TXT": ["v=spf1 ptr:b.example ?all"]},
                    "1.2.0.192.in-addr.arpa": {"PTR": ["b.example"]})"),
            Lines{"ptr a.example: ptr:b.example is slow, unreliable and must not be published "
                  "(RFC 7208 section 5.5); name the addresses"});
}

TEST(SpfLint, counts_lookups_and_void_lookups) {
  std::string record = "v=spf1";
  std::string zone;
  for (int i = 0; i < 10; ++i) {
    record += fmt::format(" a:h{}.example", i);
    zone += fmt::format(R"(, "h{}.example": {{"A": ["192.0.2.9"]}})", i);
  }
  EXPECT_EQ(lint("\"" + record + " -all\"", zone),
            Lines{"lookups example.com: the record tree needs all 10 lookups that receivers allow: "
                  "one more in anybody's record breaks it"});
  EXPECT_EQ(lint("\"" + record + " mx -all\"", zone),
            Lines{"lookups example.com: the record tree needs 11 lookups, receivers stop at 10 "
                  "with a permerror: replace include, a and mx by ip4 and ip6"});
  EXPECT_EQ(lint(R"("v=spf1 a:x.example a:y.example a:z.example -all")"),
            Lines{"void_lookups example.com: 3 terms name what does not exist, receivers stop at 2 "
                  "with a permerror: remove them"});
}

TEST(SpfLint, measures_what_an_answer_must_carry) {
  const std::string chunk(200, 'x');
  EXPECT_EQ(lint(R"("v=spf1 -all", ")" + chunk + R"(", ")" + chunk + "\""), Lines{});
  EXPECT_EQ(lint(R"("v=spf1 -all", ")" + chunk + R"(", ")" + chunk + chunk.substr(0, 50) + "\""),
            Lines{"long_record example.com: name and TXT records have 472 octets together: under "
                  "450 they fit a DNS answer of 512 (RFC 7208 section 3.4)"});
  EXPECT_EQ(lint(R"("v=spf1 -all", ")" + chunk + chunk + chunk + "\""),
            Lines{"long_record example.com: name and TXT records have 622 octets together: they do "
                  "not fit a DNS answer of 512 octets (RFC 7208 section 3.4)"});
}

}  // namespace
}  // namespace icm
