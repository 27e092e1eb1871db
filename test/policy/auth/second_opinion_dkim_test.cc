// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/second_opinion.h"

#include <gtest/gtest.h>

#include "policy/dns/zone_resolver.h"
#include "test/policy/auth/rfc8463_message.h"
#include "test/policy/auth/second_opinion_fixture.h"
#include "test/support/mail_text.h"

namespace icm {
namespace {

struct DkimWorld {
  std::string message{rfc8463_message};
  std::string zone{rfc8463_keys};
  WallTime now = SystemClock().now();
  std::size_t chunk = 7;

  DkimWorld& with(std::string_view from, std::string_view to) {
    message.replace(message.find(from), from.size(), to);
    return *this;
  }
  // What libopendkim says to each signature.
  std::vector<SecondOpinion> opinions() {
    auto resolver = ZoneResolver::parse(zone);
    EXPECT_TRUE(resolver) << resolver.error().text;
    AuthSources sources(*resolver, PublicSuffixList::system());
    const MailText mail = mail_text(message);
    const auto authors = parse_address_list("joe@football.example.com");
    Authenticator authenticator(mail.headers, authors, sources, {.sender = true});
    SecondOpinions asked(mail.headers, sources);
    for (std::size_t at = 0; at < mail.body.size(); at += chunk) {
      authenticator.body(std::string_view(mail.body).substr(at, chunk));
      asked.body(std::string_view(mail.body).substr(at, chunk));
    }
    const Authentication found = authenticator.finish({}, now, soon());
    std::vector<SecondOpinion> opinions;
    for (std::size_t i = 0; i < found.dkim.size(); ++i)
      opinions.push_back(asked.dkim(i, found.dkim[i], now, soon()));
    return opinions;
  }
};

using Opinions = std::vector<SecondOpinion>;

TEST(SecondOpinionDkim, is_what_libopendkim_says_to_each_signature) {
  EXPECT_EQ(DkimWorld().opinions(), (Opinions{said("pass"), said("pass")}));
  EXPECT_EQ(DkimWorld().with("hungry", "thirsty").opinions(),
            (Opinions{said("fail", "body hash mismatch"), said("fail", "body hash mismatch")}));
  EXPECT_EQ(DkimWorld().with("dinner", "supper").opinions(),
            (Opinions{said("fail", "signature verification failed"),
                      said("fail", "signature verification failed")}));
}

TEST(SecondOpinionDkim, does_not_depend_on_how_the_body_comes) {
  for (const std::size_t chunk : {1u, 2u, 3u, 1000u}) {
    DkimWorld world;
    world.chunk = chunk;
    EXPECT_EQ(world.opinions(), (Opinions{said("pass"), said("pass")})) << chunk;
  }
}

TEST(SecondOpinionDkim, of_a_long_body_is_found_while_it_streams_by) {
  DkimWorld world;
  for (int i = 0; i < 20'000; ++i) world.message += "Another line of the same message.\n";
  world.chunk = 65'535;
  EXPECT_EQ(world.opinions(),
            (Opinions{said("fail", "body hash mismatch"), said("fail", "body hash mismatch")}));
}

TEST(SecondOpinionDkim, tells_a_missing_key_from_one_that_could_not_be_fetched) {
  DkimWorld missing;
  missing.zone = R"({"x.example": {"A": ["192.0.2.1"]}})";
  EXPECT_EQ(missing.opinions(), (Opinions{said("permerror", "key not found in DNS"),
                                          said("permerror", "key not found in DNS")}));
  DkimWorld late;
  late.zone = R"({"brisbane._domainkey.football.example.com": {"TXT": ["TIMEOUT"]},
                  "test._domainkey.football.example.com": {"TXT": ["v=DKIM1; p="]}})";
  EXPECT_EQ(
      late.opinions(),
      (Opinions{said("temperror",
                     "TXT brisbane._domainkey.football.example.com: TIMEOUT in the zone file"),
                said("permerror", "key revoked")}));
}

TEST(SecondOpinionDkim, is_not_asked_where_libopendkim_is_wrong_or_in_danger) {
  const std::string wrong = "libopendkim is known to be wrong about ";
  struct Case {
    std::string_view from, to;
    std::string why;  // about the first signature
  };
  for (const auto& [from, to, why] : std::initializer_list<Case>{
           {"q=dns/txt", "q=foo", wrong + "q= without dns/txt"},
           {"a=ed25519-sha256", "a=rsa-sha1", wrong + "rsa-sha1, which it accepts (RFC 8301)"},
           {"h=from :", "h=from : dkim-signature :", wrong + "h= with DKIM-Signature"},
           {"h=from :", "h=from : :", wrong + "empty names in h="},
           {"t=1528637909", "t=soon", wrong + "t= without a number"},
           {"t=1528637909", "t=1; T=2", wrong + "tags that differ in case only"},
           {"t=1528637909", "t=1; t=2", wrong + "tag lists that are malformed; tag t occurs twice"},
           {"t=1528637909", "xb=1", wrong + "tags whose names end in \"b\""},
           {"b=/gCr", "b =/gCr", wrong + "a blank before the \"=\" of b="},
           {"i=@foot", "i=\"a@b\"@foot", wrong + "i= with several \"@\""},
           {"t=1528637909", "t=95617584000", "libopendkim takes a t= in the future for an error"},
           {"d=football", "d=f\xc3\xbc", wrong + "signatures that are not ASCII (RFC 8616)"},
       }) {
    const auto opinions = DkimWorld().with(from, to).opinions();
    ASSERT_EQ(opinions.size(), 2u);
    EXPECT_EQ(opinions[0], unasked(why)) << to;
    EXPECT_EQ(opinions[1], said("pass")) << to;
  }
}

TEST(SecondOpinionDkim, is_not_asked_about_a_message_it_would_read_differently) {
  const auto both = [](const std::string& why) { return Opinions{unasked(why), unasked(why)}; };
  EXPECT_EQ(DkimWorld().with("hungry", "hun\rgry").opinions(),
            both("libopendkim is known to be wrong about a bare CR in the body"));
  EXPECT_EQ(DkimWorld().with("Joe.\n", "Joe.").opinions(),
            both("libopendkim is known to be wrong about a body that does not end in CRLF"));
  EXPECT_EQ(DkimWorld().with("dinner", "din\x0bner").opinions(),
            both("libopendkim is known to be wrong about control characters in the header; field "
                 "Subject"));
}

TEST(SecondOpinionDkim, is_not_asked_about_keys_it_would_read_differently) {
  struct Case {
    std::string zone, why;
  };
  const std::string name = R"({"brisbane._domainkey.football.example.com": {"TXT": [)";
  const std::string wrong = "libopendkim is known to be wrong about ";
  for (const auto& [zone, why] : std::initializer_list<Case>{
           {R"("p=", "v=DKIM1; p=")", wrong + "several key records at one name"},
           {R"("p=; p=")", wrong + "key records that are malformed; tag p occurs twice"},
           {R"("p=; v=DKIM1")", wrong + "v= that is not first in the key record"},
           {R"("p=ab!c")", wrong + "p= that is no base64"},
           {"\"n=" + std::string(1000, 'x') + "; p=\"",
            "the key record has 1006 octets, libopendkim takes 1000"},
       }) {
    DkimWorld world;
    world.zone = name + zone + "]}}";
    EXPECT_EQ(world.opinions()[0], unasked(why)) << zone;
  }
}

TEST(SecondOpinionDkim, is_not_asked_when_its_clock_would_decide) {
  DkimWorld world;
  world.with("t=1528637909", "t=1528637909; x=1528637999");
  world.now = *parse_time("@1528637950");
  EXPECT_EQ(world.opinions()[0], unasked("libopendkim judges x= by the machine's clock"));
  world.now = SystemClock().now();
  EXPECT_EQ(world.opinions()[0], said("permerror", "signature expired"));
}

TEST(SecondOpinionDkim, is_withheld_from_more_signatures_than_are_judged) {
  DkimWorld world;
  std::string many;
  for (int i = 0; i < 20; ++i)
    many += "DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s; h=from; bh=AA==; b=AA==\n";
  world.message = many + world.message;
  const auto opinions = world.opinions();
  ASSERT_EQ(opinions.size(), 22u);
  EXPECT_EQ(opinions[15], said("permerror", "key not found in DNS"));
  EXPECT_EQ(opinions[16], unasked("more than 16 signatures"));
  EXPECT_EQ(opinions[21], unasked("more than 16 signatures"));
}

TEST(SecondOpinionDkim, needs_no_body_of_an_unrfc8463_message) {
  auto resolver = ZoneResolver::parse("{}");
  AuthSources sources(*resolver, PublicSuffixList::system());
  const MailText mail = mail_text("From: a@example.com\n\nHello.\n");
  SecondOpinions asked(mail.headers, sources);
  EXPECT_FALSE(asked.wants_body());
  EXPECT_EQ(asked.dkim(0, {}, {}, soon()), unasked("there is no such signature"));
}

}  // namespace
}  // namespace icm
