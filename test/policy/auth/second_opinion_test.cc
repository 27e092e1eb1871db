// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/second_opinion.h"

#include <gtest/gtest.h>

#include "policy/dns/zone_resolver.h"
#include "test/policy/auth/second_opinion_fixture.h"
#include "test/support/mail_text.h"

namespace icm {
namespace {

TEST(Agreement, is_about_pass_and_not_about_the_word_for_its_absence) {
  struct Case {
    SpfStatus ours;
    std::string theirs;
    std::string_view agreement;
  };
  for (const auto& [ours, theirs, expected] : {
           Case{SpfStatus::fail, "fail", "confirmed"},
           Case{SpfStatus::fail, "softfail", "confirmed"},
           Case{SpfStatus::perm_error, "none", "confirmed"},
           Case{SpfStatus::neutral, "permerror", "confirmed"},
           Case{SpfStatus::fail, "pass", "disputed"},
           Case{SpfStatus::none, "pass", "disputed"},
           Case{SpfStatus::fail, "temperror", "unasked"},
           Case{SpfStatus::temp_error, "temperror", "confirmed"},
           Case{SpfStatus::temp_error, "fail", "confirmed"},
           Case{SpfStatus::temp_error, "pass", "disputed"},
           Case{SpfStatus::pass, "pass", "confirmed"},
           Case{SpfStatus::pass, "fail", "disputed"},
           Case{SpfStatus::fail, "", "unasked"},
       }) {
    SpfResult result;
    result.status = ours;
    EXPECT_EQ(to_string(agreement(result, said(theirs))), expected)
        << to_string(ours) << " / " << theirs;
  }
}

TEST(Agreement, on_a_signature_follows_the_same_rule) {
  DkimResult result;
  result.status = DkimStatus::perm_error;
  EXPECT_EQ(agreement(result, said("fail")), Agreement::confirmed);
  EXPECT_EQ(agreement(result, said("pass")), Agreement::disputed);
  EXPECT_EQ(agreement(result, unasked("a reason")), Agreement::unasked);
}

TEST(Agreement, on_dmarc_is_the_same_word) {
  DmarcVerdict verdict;
  verdict.status = DmarcStatus::fail;
  EXPECT_EQ(agreement(verdict, said("fail")), Agreement::confirmed);
  EXPECT_EQ(agreement(verdict, said("none")), Agreement::disputed);
  EXPECT_EQ(agreement(verdict, said("pass")), Agreement::disputed);
  EXPECT_EQ(agreement(verdict, unasked("a reason")), Agreement::unasked);
}

constexpr std::string_view spf_zone = R"({
  "example.com": {"TXT": ["something else", "v=spf1 RECORD"], "A": ["192.0.2.10"],
                  "MX": [[10, "mx.example.com"], [20, "slow.example.com"]]},
  "mx.example.com": {"A": ["192.0.2.20"], "AAAA": ["2001:db8::20"]},
  "slow.example.com": {"A": ["TIMEOUT"], "TXT": ["TIMEOUT"]},
  "other.example.com": {"TXT": ["v=spf1 ip4:192.0.2.30 -all"]},
  "none.example.com": {"TXT": ["no policy"]},
  "twice.example.com": {"TXT": ["v=spf1 -all", "v=spf1 +all"]},
  "loop.example.com": {"TXT": ["v=spf1 include:loop.example.com -all"]},
  "wide.example.com": {"TXT": ["v=spf1 ip4:192.0.2.0/0 -all"]},
  "bare.example.com": {"TXT": ["v=spf1"]},
  "many.example.com": {"MX": [[1,"a"],[2,"b"],[3,"c"],[4,"d"],[5,"e"],[6,"f"],[7,"g"],[8,"h"],[9,"i"],[10,"j"],[11,"k"]]},
  "1.2.0.192.in-addr.arpa": {"PTR": ["TIMEOUT"]},
  "10.2.0.192.in-addr.arpa": {"PTR": ["example.com"]}})";

SecondOpinion ask_spf(std::string_view record, std::string_view client,
                      std::string mail_from = "a@example.com",
                      std::string helo = "mail.example.net") {
  std::string zone(spf_zone);
  zone.replace(zone.find("RECORD"), 6, record);
  auto resolver = ZoneResolver::parse(zone);
  EXPECT_TRUE(resolver) << resolver.error().text;
  return ask_libspf2({.client = *IpAddress::parse(client),
                      .helo = std::move(helo),
                      .mail_from = std::move(mail_from)},
                     *resolver, soon());
}

TEST(SecondOpinionSpf, is_what_libspf2_says) {
  struct Case {
    std::string_view record, client, result;
  };
  for (const auto& [record, client, result] : {
           Case{"ip4:192.0.2.1 -all", "192.0.2.1", "pass"},
           Case{"ip4:192.0.2.1 -all", "192.0.2.2", "fail"},
           Case{"ip4:192.0.2.1 ~all", "192.0.2.2", "softfail"},
           Case{"ip4:192.0.2.1 ?all", "192.0.2.2", "neutral"},
           Case{"ip4:192.0.2.1 ", "192.0.2.2", "neutral"},
           Case{"ip4:192.0.2.0/24 -all", "::ffff:192.0.2.9", "pass"},
           Case{"ip6:2001:db8::/32 -all", "2001:db8::1", "pass"},
           Case{"a -all", "192.0.2.10", "pass"},
           Case{"a/24 -all", "192.0.2.99", "pass"},
           Case{"mx -all", "192.0.2.20", "pass"},
           Case{"mx -all", "2001:db8::20", "pass"},
           Case{"mx -all", "192.0.2.21", "temperror"},
           Case{"ptr -all", "192.0.2.10", "pass"},
           Case{"exists:%{ir}.none.example -all", "192.0.2.10", "fail"},
           Case{"include:other.example.com -all", "192.0.2.30", "pass"},
           Case{"include:other.example.com -all", "192.0.2.31", "fail"},
           Case{"include:slow.example.com -all", "192.0.2.31", "temperror"},
           Case{"include:none.example.com -all", "192.0.2.31", "permerror"},
           Case{"include:twice.example.com -all", "192.0.2.31", "permerror"},
           Case{"redirect=other.example.com", "192.0.2.30", "pass"},
           Case{"redirect=none.example.com", "192.0.2.30", "permerror"},
       }) {
    const SecondOpinion opinion = ask_spf(record, client);
    EXPECT_EQ(opinion.result, result) << record << " from " << client << ": " << opinion.reason;
  }
}

TEST(SecondOpinionSpf, is_temporary_where_the_record_itself_is_not_to_be_had) {
  EXPECT_EQ(ask_spf("-all", "192.0.2.1", "a@slow.example.com").result, "temperror");
}

TEST(SecondOpinionSpf, gives_libspf2s_own_words) {
  EXPECT_EQ(ask_spf("ip4:192.0.2.1 -all", "192.0.2.1").reason,
            "domain of example.com designates 192.0.2.1 as permitted sender");
  EXPECT_EQ(ask_spf("ip4:192.0.2.1 -all", "192.0.2.2").reason,
            "domain of example.com does not designate 192.0.2.2 as permitted sender");
}

TEST(SecondOpinionSpf, is_about_the_helo_name_of_a_null_sender) {
  EXPECT_EQ(ask_spf("-all", "192.0.2.30", "", "other.example.com").result, "pass");
  EXPECT_EQ(ask_spf("-all", "192.0.2.31", "", "other.example.com").result, "fail");
}

TEST(SecondOpinionSpf, is_not_asked_where_libspf2_is_wrong_or_in_danger) {
  const std::string wrong = "libspf2 is known to be wrong about ";
  struct Case {
    std::string record, client, why;
  };
  for (const auto& [record, client, why] : std::initializer_list<Case>{
           {"ip4:0.0.0.0/0 -all", "192.0.2.1", wrong + "the prefix length 0"},
           {"a/0//64 -all", "192.0.2.1", wrong + "the prefix length 0"},
           {"include:wide.example.com -all", "192.0.2.1", wrong + "the prefix length 0"},
           {"redirect=other.example.com ip4:192.0.2.1", "192.0.2.1",
            wrong + "redirect= before other terms"},
           {"exists:%{p}.example.com -all", "192.0.2.1", wrong + "the macro p"},
           {"exists:%{l1r-}.example.com -all", "192.0.2.1",
            wrong + "macros with a number of parts"},
           {"exists:%{L}.example.com -all", "192.0.2.1", wrong + "macros in upper case"},
           {"exists:%{lR}.example.com -all", "192.0.2.1", wrong + "macros reversed by \"R\""},
           {"exists:%{l,}.example.com -all", "192.0.2.1",
            wrong + "macros with the delimiters \",\" and \"/\""},
           {"x.y=z -all", "192.0.2.1", wrong + "modifiers with a \".\" in their name"},
           {"include:bare.example.com -all", "192.0.2.1", wrong + "a record without terms"},
           {"mx:many.example.com -all", "192.0.2.1", wrong + "more than ten MX records"},
           {"ptr -all", "192.0.2.1", wrong + "a failed lookup below ptr"},
           {"ip4:127.0.0.1 -all", "127.0.0.1", wrong + "loopback clients, which always pass"},
           {"include:loop.example.com -all", "192.0.2.1",
            wrong + "the limit of ten lookups, which begins anew in every include"},
           {"a:x1.example.com a:x2.example.com a:x3.example.com -all", "192.0.2.1",
            wrong + "the limit of two void lookups, which it does not count"},
           {"foo:bar -all", "192.0.2.1",
            "libspf2 is shown well-formed records only; \"foo:bar\": unknown mechanism"},
           {"exists:" + std::string(250, 'a') + ".example.com -all", "192.0.2.1",
            "a term of 269 octets, libspf2 is safe up to 200"},
       }) {
    EXPECT_EQ(ask_spf(record, client), unasked(why)) << record;
  }
}

// CVE-2023-42118: this aborts a process that shows it to Debian's libspf2.
TEST(SecondOpinionSpf, never_shows_libspf2_what_overruns_its_buffer) {
  std::string record = "exists:";
  for (int i = 0; i < 127; ++i) record += "%{i}";
  record += std::string(5000, 'a') + ".example.com -all";
  EXPECT_EQ(ask_spf(record, "192.0.2.1"),
            unasked("a record of 5539 octets, libspf2 is safe up to 4096"));
}

TEST(SecondOpinionSpf, is_not_asked_about_identities_that_are_no_names) {
  EXPECT_EQ(ask_spf("-all", "192.0.2.1", "a@exa..mple.com"),
            unasked("libspf2 is known to be wrong about domains that are malformed"));
  EXPECT_EQ(ask_spf("-all", "192.0.2.1", "a\x01@example.com"),
            unasked("libspf2 is shown well-formed identities only"));
  EXPECT_EQ(ask_spf("-all", "192.0.2.1", std::string(400, 'l') + "@example.com"),
            unasked("libspf2 is shown well-formed identities only"));
}

TEST(SecondOpinions, ask_each_question_once) {
  auto resolver = ZoneResolver::parse(R"({"example.com": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]}})");
  AuthSources sources(*resolver, PublicSuffixList::system());
  const MailText mail = mail_text("From: a@example.com\n\nHello.\n");
  SecondOpinions asked(mail.headers, sources);
  const SpfQuestion question{.client = *IpAddress::parse("192.0.2.1"),
                             .helo = "mx.example.com",
                             .mail_from = "a@example.com"};
  const SecondOpinion first = asked.spf(question, soon());
  EXPECT_EQ(first.result, "pass");
  // Without time nothing could be found out anew.
  EXPECT_EQ(asked.spf(question, Deadline::in(std::chrono::seconds{0})), first);
}

}  // namespace
}  // namespace icm
