// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/spf_budget.h"

#include <gtest/gtest.h>

#include "policy/dns/zone_resolver.h"

namespace icm {
namespace {

SpfBudget budget(std::string_view zone, std::string mail_from = "a@example.com") {
  auto resolver = ZoneResolver::parse(zone);
  EXPECT_TRUE(resolver) << resolver.error().text;
  return spf_budget({.client = *IpAddress::parse("192.0.2.1"),
                     .helo = "mx.example.com",
                     .mail_from = std::move(mail_from)},
                    *resolver, Deadline::in(std::chrono::seconds{60}));
}

std::string shown(const SpfBudget& budget) {
  std::string text = fmt::format("{}/{}", budget.lookups, budget.void_lookups);
  for (const SpfBranch& branch : budget.branches) {
    text += fmt::format("; {:{}}{} {}/{}{}", "", branch.depth, branch.term, branch.lookups,
                        branch.void_lookups, branch.problem.empty() ? "" : " " + branch.problem);
  }
  for (const std::string& problem : budget.problems) text += "; unknown: " + problem;
  return text;
}

TEST(SpfBudget, counts_every_term_that_needs_the_dns_whatever_matches_first) {
  EXPECT_EQ(shown(budget(R"({"example.com": {
      "TXT": ["v=spf1 ip4:192.0.2.1 a mx exists:%{i}.example.com ptr ip6:2001:db8::1 -all"],
      "A": ["192.0.2.1"], "MX": [[10, "example.com"]]},
      "192.0.2.1.example.com": {"A": ["127.0.0.2"]},
      "1.2.0.192.in-addr.arpa": {"PTR": ["example.com"]}})")),
            "4/0");
}

TEST(SpfBudget, of_an_include_is_that_of_everything_below_it) {
  EXPECT_EQ(shown(budget(R"({
      "example.com": {"TXT": ["v=spf1 include:a.example include:b.example redirect=c.example"]},
      "a.example": {"TXT": ["v=spf1 include:b.example a ~all"], "A": ["192.0.2.9"]},
      "b.example": {"TXT": ["v=spf1 a mx -all"], "A": ["192.0.2.9"], "MX": [[1, "b.example"]]},
      "c.example": {"TXT": ["v=spf1 -all"]}})")),
            "9/0; include:a.example 5/0;  include:b.example 3/0; include:b.example 3/0; "
            "redirect=c.example 1/0");
}

TEST(SpfBudget, counts_terms_that_name_what_does_not_exist) {
  EXPECT_EQ(shown(budget(R"({
      "example.com": {"TXT": ["v=spf1 a:gone.example mx:void.example exists:no.example include:a.example -all"]},
      "void.example": {"MX": [[1, "gone.example"], [2, "here.example"]]},
      "here.example": {"A": ["192.0.2.9"]},
      "a.example": {"TXT": ["v=spf1 a -all"]}})")),
            "5/4; include:a.example 2/1");
}

TEST(SpfBudget, does_not_look_behind_all) {
  EXPECT_EQ(shown(budget(R"({
      "example.com": {"TXT": ["v=spf1 -all a:gone.example redirect=gone.example"]}})")),
            "0/0");
}

TEST(SpfBudget, of_a_circle_is_more_than_receivers_allow) {
  EXPECT_EQ(shown(budget(R"({"example.com": {"TXT": ["v=spf1 include:a.example -all"]},
                             "a.example": {"TXT": ["v=spf1 redirect=EXAMPLE.com"]}})")),
            "11/0; include:a.example 2/0;  redirect=example.com 1/0 example.com leads back to "
            "itself: every client that comes this far is a permerror");
}

TEST(SpfBudget, says_why_it_went_no_further) {
  EXPECT_EQ(shown(budget(R"({
      "example.com": {"TXT": ["v=spf1 include:none.example include:bad.example include:late.example -all"]},
      "bad.example": {"TXT": ["v=spf1 what -all"]},
      "late.example": {"TXT": ["TIMEOUT"]}})")),
            "3/0; include:none.example 1/0 none.example publishes no SPF record; "
            "include:bad.example 1/0 SPF record of bad.example: \"what\": unknown mechanism; "
            "include:late.example 1/0 TXT late.example: temporary (TIMEOUT in the zone file); "
            "unknown: TXT late.example: TIMEOUT in the zone file");
}

// Two includes of the next name each: 2^20 terms below the first record.
TEST(SpfBudget, of_a_tree_without_end_is_not_walked_to_the_end) {
  std::string zone = R"({"example.com": {"TXT": ["v=spf1 redirect=n0.example"]})";
  for (int i = 0; i < 20; ++i) {
    zone += fmt::format(
        R"(, "n{0}.example": {{"TXT": ["v=spf1 include:n{1}.example include:n{1}.example -all"]}})",
        i, i + 1);
  }
  const SpfBudget found = budget(zone + "}");
  EXPECT_EQ(found.lookups, 100);
  EXPECT_EQ(found.problems, std::vector<std::string>{"the walk ended after 100 terms"});
}

TEST(SpfBudget, is_that_of_the_helo_name_for_a_null_sender) {
  EXPECT_EQ(
      shown(budget(R"({"mx.example.com": {"TXT": ["v=spf1 a -all"], "A": ["192.0.2.1"]}})", "")),
      "1/0");
}

}  // namespace
}  // namespace icm
