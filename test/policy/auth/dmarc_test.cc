// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/dmarc.h"

#include <gtest/gtest.h>

#include "policy/dns/zone_resolver.h"

namespace icm {
namespace {

const PublicSuffixList& suffixes() {
  static const PublicSuffixList list = PublicSuffixList::system();
  return list;
}

Address address_at(std::string_view domain) {
  Address address;
  address.local = "a";
  address.domain = std::string(domain);
  return address;
}

// A message from `author`, with an SPF pass and a DKIM pass for the given domains (none when
// empty).
DmarcResult judge(std::string_view zone, std::string_view author, std::string spf, std::string dkim,
                  SpfStatus spf_status = SpfStatus::pass) {
  auto resolver = ZoneResolver::parse(zone);
  EXPECT_TRUE(resolver);
  DmarcDirectory directory(*resolver);
  const Result<std::vector<Address>> authors = std::vector<Address>{address_at(author)};
  SpfResult spf_result;
  spf_result.status = spf.empty() ? SpfStatus::none : spf_status;
  spf_result.domain = std::move(spf);
  std::vector<DkimResult> signatures;
  if (!dkim.empty()) {
    signatures.emplace_back().status = DkimStatus::pass;
    signatures.back().domain = std::move(dkim);
  }
  return check_dmarc({authors, spf_result, signatures}, directory, suffixes(),
                     Deadline::in(std::chrono::seconds{60}));
}

TEST(DmarcRecord, begins_with_its_version_and_forgives_the_rest) {
  for (const std::string_view text :
       {"v=DMARC1", "v=DMARC1;", "v = DMARC1 ; p = none", "V=DMARC1; junk; p=reject;;"}) {
    EXPECT_TRUE(parse_dmarc_record(text)) << text;
  }
  for (const std::string_view text :
       {"", " v=DMARC1; p=none", "v=dmarc1; p=none", "p=none; v=DMARC1", "v=DMARC1 p=none",
        "v=DMARC10; p=none", "v=spf1 -all"}) {
    EXPECT_FALSE(parse_dmarc_record(text)) << text;
  }
  const auto record = parse_dmarc_record(
      "v=DMARC1; p=Reject; sp=quarantine; np=none; aspf=S; adkim=r; psd=n; t=y; p=none");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->policy, DmarcPolicy::reject);
  EXPECT_EQ(record->subdomain_policy, DmarcPolicy::quarantine);
  EXPECT_EQ(record->missing_policy, DmarcPolicy::none);
  EXPECT_EQ(record->spf, DmarcAlignment::strict);
  EXPECT_EQ(record->psd, PublicSuffixFlag::no);
  EXPECT_TRUE(record->testing);
}

TEST(TreeWalk, finds_the_organization_by_the_flags_and_the_shortest_name) {
  struct Case {
    std::string_view zone, start, organization;
  };
  for (
      const auto& [zone, start, organization] : {
          Case{"{}", "a.b.example.com", "a.b.example.com"},
          Case{R"({"_dmarc.example.com": {"TXT": ["v=DMARC1"]}})", "a.b.example.com",
               "example.com"},
          Case{
              R"({"_dmarc.example.com": {"TXT": ["v=DMARC1"]}, "_dmarc.b.example.com": {"TXT": ["v=DMARC1; psd=n"]}})",
              "a.b.example.com", "b.example.com"},
          Case{R"({"_dmarc.com": {"TXT": ["v=DMARC1; psd=y"]}})", "a.b.example.com", "example.com"},
          Case{R"({"_dmarc.com": {"TXT": ["v=DMARC1; psd=y"]}})", "com", "com"},
          Case{
              R"({"_dmarc.example.com": {"TXT": ["v=DMARC1", "v=DMARC1"]}, "_dmarc.b.example.com": {"TXT": ["v=DMARC1"]}})",
              "a.b.example.com", "b.example.com"},
          // Nine labels: the names between the first and the seventh from the right are not asked
          // for.
          Case{
              R"({"_dmarc.b.c.d.e.f.g.h.com": {"TXT": ["v=DMARC1; psd=n"]}, "_dmarc.d.e.f.g.h.com": {"TXT": ["v=DMARC1"]}})",
              "a.b.c.d.e.f.g.h.com", "d.e.f.g.h.com"},
      }) {
    auto resolver = ZoneResolver::parse(zone);
    DmarcDirectory directory(*resolver);
    EXPECT_EQ(walk_tree(std::string(start), directory, Deadline::in(std::chrono::seconds{60}))
                  .organizational_domain,
              organization)
        << zone << " " << start;
  }
}

TEST(Dmarc, aligns_relaxed_and_strict) {
  struct Case {
    std::string_view record, author, spf, dkim;
    DmarcStatus status;
  };
  for (const auto& [record, author, spf, dkim, status] : {
           Case{"v=DMARC1; p=reject", "example.com", "example.com", "", DmarcStatus::pass},
           Case{"v=DMARC1; p=reject", "example.com", "b.example.com", "", DmarcStatus::pass},
           Case{"v=DMARC1; p=reject", "a.example.com", "b.example.com", "", DmarcStatus::pass},
           Case{"v=DMARC1; p=reject; aspf=s", "a.example.com", "b.example.com", "",
                DmarcStatus::fail},
           Case{"v=DMARC1; p=reject; adkim=s", "example.com", "", "b.example.com",
                DmarcStatus::fail},
           Case{"v=DMARC1; p=reject; aspf=s", "example.com", "", "b.example.com",
                DmarcStatus::pass},
           Case{"v=DMARC1; p=reject", "example.com", "example.org", "example.net",
                DmarcStatus::fail},
           Case{"v=DMARC1; p=reject", "example.com", "com", "com", DmarcStatus::fail},
           Case{"v=DMARC1; p=reject", "example.com", "", "", DmarcStatus::fail},
           Case{"v=spf1", "example.com", "example.com", "", DmarcStatus::none},
       }) {
    const auto result = judge(fmt::format(R"({{"_dmarc.example.com": {{"TXT": ["{}"]}}}})", record),
                              author, std::string(spf), std::string(dkim));
    EXPECT_EQ(result.rfc9989.status, status)
        << record << " " << author << " " << spf << " " << dkim;
    EXPECT_EQ(result.rfc7489.status, status)
        << record << " " << author << " " << spf << " " << dkim;
    EXPECT_FALSE(result.standards_differ());
  }
}

TEST(Dmarc, takes_the_policy_that_applies_to_the_name) {
  constexpr std::string_view zone =
      R"({"_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject; sp=quarantine; np=none"]},
    "mail.example.com": {"A": ["192.0.2.1"]}, "_dmarc.own.example.com": {"TXT": ["v=DMARC1; p=none"]},
    "_dmarc.bad.example": {"TXT": ["v=DMARC1; p=maybe"]}, "_dmarc.worse.example": {"TXT": ["v=DMARC1; p=none; sp=x; rua=mailto:a@b.example"]},
    "_dmarc.silent.example": {"TXT": ["v=DMARC1"]}})";
  const auto policy = [&](std::string_view author) { return judge(zone, author, "", ""); };
  EXPECT_EQ(policy("example.com").rfc9989.policy, DmarcPolicy::reject);
  EXPECT_EQ(policy("mail.example.com").rfc9989.policy, DmarcPolicy::quarantine);
  EXPECT_EQ(policy("missing.example.com").rfc9989.policy, DmarcPolicy::none);
  EXPECT_EQ(policy("missing.example.com").rfc7489.policy, DmarcPolicy::quarantine);
  EXPECT_TRUE(policy("missing.example.com").standards_differ());
  EXPECT_EQ(policy("own.example.com").rfc9989.policy, DmarcPolicy::none);
  EXPECT_EQ(policy("bad.example").rfc9989.status, DmarcStatus::none);
  EXPECT_EQ(policy("bad.example").rfc9989.reason,
            "the DMARC record at _dmarc.bad.example has no usable policy");
  EXPECT_EQ(policy("worse.example").rfc9989.policy, DmarcPolicy::none);
  EXPECT_EQ(policy("worse.example").rfc9989.status, DmarcStatus::fail);
  EXPECT_EQ(policy("silent.example").rfc9989.policy, DmarcPolicy::none);
  EXPECT_EQ(policy("silent.example").rfc7489.status, DmarcStatus::none);
}

TEST(Dmarc, neither_passes_nor_fails_when_the_dns_does_not_answer) {
  EXPECT_EQ(
      judge(R"({"_dmarc.example.com": {"TXT": ["TIMEOUT"]}})", "example.com", "example.com", "")
          .rfc9989.status,
      DmarcStatus::temp_error);
  constexpr std::string_view record = R"({"_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]}})";
  EXPECT_EQ(judge(record, "example.com", "example.com", "", SpfStatus::temp_error).rfc9989.status,
            DmarcStatus::temp_error);
  EXPECT_EQ(judge(record, "example.com", "example.org", "", SpfStatus::temp_error).rfc9989.status,
            DmarcStatus::fail);
  EXPECT_EQ(judge(record, "example.com", "example.com", "example.com", SpfStatus::temp_error)
                .rfc9989.status,
            DmarcStatus::pass);
  constexpr std::string_view above = R"({"_dmarc.a.example.com": {"TXT": ["v=DMARC1; p=reject"]},
                                         "_dmarc.example.com": {"TXT": ["TIMEOUT"]}})";
  EXPECT_EQ(judge(above, "a.example.com", "a.example.com", "").rfc9989.status, DmarcStatus::pass);
  EXPECT_EQ(judge(above, "a.example.com", "b.example.com", "").rfc9989.status,
            DmarcStatus::temp_error);
}

TEST(Dmarc, differs_where_the_list_and_the_tree_do) {
  // github.io is a public suffix of the list; no record says so in the tree.
  constexpr std::string_view zone = R"({"_dmarc.github.io": {"TXT": ["v=DMARC1; p=reject"]}})";
  const auto result = judge(zone, "user.github.io", "other.github.io", "");
  EXPECT_EQ(result.rfc9989.status, DmarcStatus::pass);
  EXPECT_EQ(result.rfc7489.status, DmarcStatus::none);
  EXPECT_TRUE(result.standards_differ());
}

TEST(Dmarc, of_rfc_7489_ends_where_a_name_has_several_records) {
  const DmarcResult result = judge(
      R"({"_dmarc.a.example.com": {"TXT": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]},
          "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]}})",
      "a.example.com", "", "");
  EXPECT_EQ(result.rfc7489.status, DmarcStatus::none);
  EXPECT_EQ(result.rfc7489.reason, "2 DMARC records at _dmarc.a.example.com");
  EXPECT_EQ(result.rfc9989.status, DmarcStatus::fail);
  EXPECT_EQ(result.rfc9989.record_domain, "example.com");
}

TEST(Dmarc, of_rfc_7489_knows_no_np_and_none_that_is_wrong) {
  const DmarcResult result =
      judge(R"({"_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject; np=never"]}})", "example.com",
            "", "");
  EXPECT_EQ(result.rfc7489.status, DmarcStatus::fail);
  EXPECT_EQ(result.rfc7489.policy, DmarcPolicy::reject);
  EXPECT_EQ(result.rfc9989.status, DmarcStatus::none);
}

TEST(AuthorDomain, is_one_domain_or_none) {
  const auto of = [](std::vector<std::string> domains) {
    std::vector<Address> authors;
    for (auto& domain : domains) authors.push_back(address_at(domain));
    return author_domain(Result<std::vector<Address>>(authors));
  };
  EXPECT_EQ(of({"Example.COM"}), "example.com");
  EXPECT_EQ(of({"example.com", "EXAMPLE.com"}), "example.com");
  EXPECT_EQ(of({"b\xc3\xbc"
                "cher.example"}),
            "xn--bcher-kva.example");
  EXPECT_EQ(of({"example.com", "example.org"}).error().text, "From names several domains");
  EXPECT_EQ(of({}).error().text, "From names no address");
}

}  // namespace
}  // namespace icm
