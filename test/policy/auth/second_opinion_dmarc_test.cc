// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/second_opinion.h"

#include <gtest/gtest.h>

#include "policy/dns/zone_resolver.h"
#include "test/policy/auth/second_opinion_fixture.h"

namespace icm {
namespace {

struct DmarcWorld {
  std::string record = "v=DMARC1; p=reject";
  std::string from = "a@example.com";
  std::string spf{};   // a domain that passed
  std::string dkim{};  // the same
  std::string more_zone{};
  DmarcStandard standard = DmarcStandard::rfc7489;

  SecondOpinion opinion() const {
    const std::string zone = R"({"_dmarc.example.com": {"TXT": [")" + record +
                             R"("]}, "_dmarc.example.co.uk": {"TXT": ["v=DMARC1; p=none"]})" +
                             more_zone + "}";
    auto resolver = ZoneResolver::parse(zone);
    EXPECT_TRUE(resolver) << resolver.error().text;
    AuthSources sources(*resolver, PublicSuffixList::system());
    const auto authors = parse_address_list(from);
    SpfResult spf_result;
    spf_result.domain = spf;
    if (!spf.empty()) spf_result.status = SpfStatus::pass;
    std::vector<DkimResult> signatures(dkim.empty() ? 0 : 1);
    if (!dkim.empty()) {
      signatures[0].domain = dkim;
      signatures[0].status = DkimStatus::pass;
    }
    const DmarcInput input{authors, spf_result, signatures};
    const DmarcResult ours = check_dmarc(input, sources.dmarc, sources.suffixes, soon());
    return ask_libopendmarc(input, ours, standard, sources, soon());
  }
};

TEST(SecondOpinionDmarc, is_what_libopendmarc_says) {
  EXPECT_EQ((DmarcWorld{.spf = "example.com"}.opinion()), said("pass", "example.com is aligned"));
  EXPECT_EQ((DmarcWorld{.dkim = "mail.example.com"}.opinion()),
            said("pass", "mail.example.com is aligned"));
  EXPECT_EQ((DmarcWorld{.spf = "example.net", .dkim = "example.org"}.opinion()),
            said("fail", "policy reject"));
  EXPECT_EQ((DmarcWorld{.record = "v=DMARC1; p=none"}.opinion()), said("fail", "policy none"));
  EXPECT_EQ((DmarcWorld{.record = "v=DMARC1; p=reject; sp=quarantine", .from = "a@b.example.com"}
                 .opinion()),
            said("fail", "policy quarantine"));
  EXPECT_EQ((DmarcWorld{.record = "v=DMARC1; p=reject; adkim=s", .dkim = "example.com"}.opinion()),
            said("pass", "example.com is aligned"));
}

TEST(SecondOpinionDmarc, is_asked_with_the_organizations_of_the_verdict) {
  DmarcWorld world{.from = "a@example.com", .dkim = "y.example.com"};
  EXPECT_EQ(world.opinion(), said("pass", "y.example.com is aligned"));
  world.standard = DmarcStandard::rfc9989;
  EXPECT_EQ(world.opinion(), said("pass", "y.example.com is aligned"));
  // psd=n makes an organization of its own (RFC 9989 section 4.10.2).
  world.more_zone = R"(, "_dmarc.y.example.com": {"TXT": ["v=DMARC1; p=none; psd=n"]})";
  EXPECT_EQ(world.opinion(), unasked("libopendmarc is known to be wrong about names of different "
                                     "organizations with a common suffix"));
}

TEST(SecondOpinionDmarc, is_not_asked_where_libopendmarc_is_wrong) {
  const std::string wrong = "libopendmarc is known to be wrong about ";
  struct Case {
    DmarcWorld world;
    std::string why;
  };
  for (const auto& [world, why] : std::initializer_list<Case>{
           {{.record = "v=DMARC1; p=reject; aspf=s",
    .from = "a@a.example.com",
    .spf = "b.example.com"},
            wrong + "strict alignment of related names"},
           {{.from = "a@news.example.com", .spf = "bounce.example.com"},
            wrong + "siblings of one organization"},
           {{.from = "a@example.co.uk", .dkim = "co.uk"},
            wrong + "names of different organizations with a common suffix"},
           {{.from = "a@example.co.uk", .dkim = "other.co.uk"},
            wrong + "names of different organizations with a common suffix"},
           {{.dkim = "x.com"}, wrong + "names of different organizations with a common suffix"},
           {{.dkim = "_spf.example.com"}, wrong + "names with an underscore"},
           {{.from = "a@_x.example.com"}, wrong + "names with an underscore"},
           {{.record = "v=DMARC1; rua=mailto:a@example.com"}, wrong + "records without a valid p="},
           {{.record = "v=DMARC1; p=re; rua=mailto:a@example.com"},
            wrong + "records without a valid p="},
           {{.record = "v=DMARC1; p=reject; pct=abc"}, wrong + "this value of pct="},
           {{.record = "v=DMARC1; p=reject; aspf=strict"}, wrong + "this value of aspf="},
           {{.record = "v=DMARC1; p=reject; a dkim=s"},
            wrong + "names of tags with other than letters and digits"},
           {{.record = "v=DMARC1; p=reject; p=none"}, wrong + "p= given twice"},
           {{.record = "v=DMARC1; p=reject; x=" + std::string(500, 'x')},
            "the record has more than 500 octets"},
           {{.from = "a@example.net"}, "there is no record"},
           {{.from = "undisclosed:;"}, "there is no author domain"},
       }) {
    EXPECT_EQ(world.opinion(), unasked(why)) << world.record << " " << world.from;
  }
}

}  // namespace
}  // namespace icm
