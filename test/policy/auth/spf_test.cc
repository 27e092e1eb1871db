// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/spf.h"

#include <gtest/gtest.h>

#include "policy/auth/spf_macro.h"
#include "policy/auth/spf_record.h"
#include "test/policy/auth/spf_fixture.h"

namespace icm {
namespace {

SpfResult check(std::string_view zone, std::string_view client, std::string mail_from,
                std::string helo = "mail.example.org") {
  return spf_of(zone, client, std::move(mail_from), std::move(helo));
}

// RFC 7208 Appendix A.
constexpr std::string_view appendix = R"({
  "example.com": {"MX": [[10, "mail-a.example.com"], [20, "mail-b.example.com"]],
                  "A": ["192.0.2.10", "192.0.2.11"], "TXT": ["RECORD"]},
  "amy.example.com": {"A": ["192.0.2.65"]}, "bob.example.com": {"A": ["192.0.2.66"]},
  "mail-a.example.com": {"A": ["192.0.2.129"]}, "mail-b.example.com": {"A": ["192.0.2.130"]},
  "www.example.com": {"CNAME": ["example.com"]},
  "mail-c.example.org": {"A": ["192.0.2.140"]}, "example.org": {"MX": [[10, "mail-c.example.org"]]},
  "10.2.0.192.in-addr.arpa": {"PTR": ["example.com"]}, "65.2.0.192.in-addr.arpa": {"PTR": ["amy.example.com"]},
  "140.2.0.192.in-addr.arpa": {"PTR": ["mail-c.example.org"]}, "4.0.0.10.in-addr.arpa": {"PTR": ["bob.example.com"]}})";

SpfStatus appendix_status(std::string_view record, std::string_view client) {
  std::string zone(appendix);
  zone.replace(zone.find("RECORD"), 6, record);
  return check(zone, client, "user@example.com").status;
}

TEST(Spf, decides_the_examples_of_appendix_a) {
  struct Case {
    std::string_view record, client;
    SpfStatus status;
  };
  for (const auto& [record, client, status] : {
           Case{"v=spf1 +all", "203.0.113.1", SpfStatus::pass},
           Case{"v=spf1 a -all", "192.0.2.10", SpfStatus::pass},
           Case{"v=spf1 a -all", "192.0.2.12", SpfStatus::fail},
           Case{"v=spf1 a:example.org -all", "192.0.2.10", SpfStatus::fail},
           Case{"v=spf1 mx -all", "192.0.2.129", SpfStatus::pass},
           Case{"v=spf1 mx:example.org -all", "192.0.2.140", SpfStatus::pass},
           Case{"v=spf1 mx mx:example.org -all", "192.0.2.130", SpfStatus::pass},
           Case{"v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.131", SpfStatus::pass},
           Case{"v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.132", SpfStatus::fail},
           Case{"v=spf1 ptr -all", "192.0.2.10", SpfStatus::pass},
           Case{"v=spf1 ptr -all", "192.0.2.65", SpfStatus::pass},
           Case{"v=spf1 ptr -all", "192.0.2.140", SpfStatus::fail},
           Case{"v=spf1 ptr -all", "10.0.0.4", SpfStatus::fail},
           Case{"v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.65", SpfStatus::fail},
           Case{"v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.129", SpfStatus::pass},
           Case{"v=spf1 ip4:192.0.2.128/28 -all", "::ffff:192.0.2.129", SpfStatus::pass},
           Case{"v=spf1 a:www.example.com -all", "192.0.2.11", SpfStatus::pass},
           Case{"v=spf1 ?all", "192.0.2.1", SpfStatus::neutral},
           Case{"v=spf1", "192.0.2.1", SpfStatus::neutral},
           Case{"v=spf1 ~all", "192.0.2.1", SpfStatus::soft_fail},
           Case{"v=spf1 ip6:::ffff:192.0.2.1 -all", "::ffff:192.0.2.1", SpfStatus::fail},
       }) {
    EXPECT_EQ(appendix_status(record, client), status) << record << " " << client;
  }
}

TEST(Spf, expands_the_macros_of_section_7_4) {
  const std::string local = "strong-bad", sender_domain = "email.example.com",
                    domain = "email.example.com";
  const std::string helo = "mx.example.org", receiver = "mx.example.org";
  const auto expand = [&](std::string_view text, std::string_view client) {
    const IpAddress address = *IpAddress::parse(client);
    const auto parsed = parse_spf_macro_string(text, SpfMacroUse::domain);
    EXPECT_TRUE(parsed) << text;
    return expand_spf_macros(*parsed, {.sender_local = local,
                                       .sender_domain = sender_domain,
                                       .domain = domain,
                                       .client = address,
                                       .helo = helo,
                                       .receiver = receiver,
                                       .now = {},
                                       .validated_name = [] { return std::string("unknown"); }});
  };
  struct Case {
    std::string_view text, expanded;
  };
  for (const auto& [text, expanded] : {
           Case{"%{s}", "strong-bad@email.example.com"},
           Case{"%{o}", "email.example.com"},
           Case{"%{d4}", "email.example.com"},
           Case{"%{d2}", "example.com"},
           Case{"%{d1}", "com"},
           Case{"%{dr}", "com.example.email"},
           Case{"%{d2r}", "example.email"},
           Case{"%{l}", "strong-bad"},
           Case{"%{l-}", "strong.bad"},
           Case{"%{lr}", "strong-bad"},
           Case{"%{lr-}", "bad.strong"},
           Case{"%{l1r-}", "strong"},
           Case{"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
           Case{"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
           Case{"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
           Case{"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
           Case{"%{S}%%%_%-", "strong-bad%40email.example.com% %20"},
       }) {
    EXPECT_EQ(expand(text, "192.0.2.3"), expanded) << text;
  }
  EXPECT_EQ(expand("%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01"),
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com");
}

TEST(Spf, asks_the_helo_name_for_a_null_sender) {
  const auto result =
      check(R"({"mail.example.org": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]}})", "192.0.2.1", "");
  EXPECT_EQ(result.status, SpfStatus::pass);
  EXPECT_EQ(result.identity, SpfIdentity::helo);
  EXPECT_EQ(result.domain, "mail.example.org");
}

TEST(Spf, has_no_result_for_what_is_no_multi_label_name) {
  for (const std::string& sender :
       std::vector<std::string>{"a@localhost", "a@x..example", "a@[192.0.2.1]",
                                "a@" + std::string(64, 'x') + ".example"}) {
    EXPECT_EQ(check("{}", "192.0.2.1", sender).status, SpfStatus::none) << sender;
  }
}

TEST(Spf, tells_temporary_and_permanent_errors_apart) {
  struct Case {
    std::string_view zone;
    SpfStatus status;
    std::string_view problem;
  };
  for (
      const auto& [zone, status, problem] : {
          Case{R"({"e.example": {"TXT": ["TIMEOUT"]}})", SpfStatus::temp_error,
               "TXT e.example: temporary (TIMEOUT in the zone file)"},
          Case{R"({"e.example": {"TXT": ["v=spf1 a -all"], "A": ["TIMEOUT"]}})",
               SpfStatus::temp_error, "A e.example: TIMEOUT in the zone file"},
          Case{R"({"e.example": {"TXT": ["v=spf1 -all", "v=spf1 +all"]}})", SpfStatus::perm_error,
               "e.example publishes 2 SPF records"},
          Case{R"({"e.example": {"TXT": ["v=spf1 include:n.example -all"]}})",
               SpfStatus::perm_error, "n.example publishes no SPF record"},
          Case{R"({"e.example": {"TXT": ["v=spf1 redirect=n.example"]}})", SpfStatus::perm_error,
               "n.example publishes no SPF record"},
          Case{R"({"e.example": {"TXT": ["v=spf1 ip4:192.0.2.1 moo -all"]}})",
               SpfStatus::perm_error, R"(SPF record of e.example: "moo": unknown mechanism)"},
          Case{R"({"e.example": {"TXT": ["v=spf1 redirect=e.example"]}})", SpfStatus::perm_error,
               "more than 10 terms that need DNS lookups"},
          Case{
              R"({"e.example": {"TXT": ["v=spf1 a:1.n.example a:2.n.example a:3.n.example -all"]}})",
              SpfStatus::perm_error, "more than 2 void lookups"},
          Case{R"({"e.example": {"TXT": ["v=spf1 a:1.n.example a:2.n.example -all"]}})",
               SpfStatus::fail, ""},
          Case{R"({"e.example": {"TXT": ["none of this"]}})", SpfStatus::none,
               "e.example publishes no SPF record"},
      }) {
    const auto result = check(zone, "192.0.2.1", "a@e.example");
    EXPECT_EQ(result.status, status) << zone;
    EXPECT_EQ(result.problem, problem);
  }
}

TEST(Spf, counts_lookups_over_includes_together) {
  std::string zone =
      R"({"i.example": {"TXT": ["v=spf1 a:h.example a:h.example a:h.example a:h.example ?all"]},
                        "h.example": {"A": ["203.0.113.9"]}, "e.example": {"TXT": ["v=spf1 include:i.example EXTRA -all"]}})";
  const auto with = [&](std::string_view extra) {
    std::string text = zone;
    text.replace(text.find("EXTRA"), 5, extra);
    return check(text, "192.0.2.1", "a@e.example");
  };
  const auto ten = with("include:i.example");
  EXPECT_EQ(ten.status, SpfStatus::fail);
  EXPECT_EQ(ten.lookups, 10);
  EXPECT_EQ(with("include:i.example a:h.example").status, SpfStatus::perm_error);
}

TEST(Spf, names_the_mechanism_that_decided) {
  const auto result = check(R"({"e.example": {"TXT": ["v=spf1 a:x.example include:i.example -all"]},
                                "x.example": {"A": ["203.0.113.1"]},
                                "i.example": {"TXT": ["v=spf1 ip4:192.0.2.0/24 -all"]}})",
                            "192.0.2.1", "a@e.example");
  EXPECT_EQ(result.mechanism, "include:i.example -> ip4:192.0.2.0/24");
  EXPECT_EQ(result.path, (std::vector<std::string>{"e.example: a:x.example: no match",
                                                   "i.example: ip4:192.0.2.0/24: match",
                                                   "e.example: include:i.example: match"}));
}

TEST(Spf, explains_a_fail_in_the_words_of_the_domain) {
  const std::string_view zone = R"({"e.example": {"TXT": ["v=spf1 exp=exp.%{d} -all"]},
     "exp.e.example": {"TXT": ["%{i} may not send for %{d} to %{r}%%"]},
     "i.example": {"TXT": ["v=spf1 include:e.example -all"]},
     "r.example": {"TXT": ["v=spf1 exp=none.example redirect=e.example"]},
     "two.example": {"TXT": ["v=spf1 exp=texts.example -all"]}, "texts.example": {"TXT": ["one", "two"]},
     "bad.example": {"TXT": ["v=spf1 exp=syntax.example -all"]}, "syntax.example": {"TXT": ["%{q}"]}})";
  EXPECT_EQ(check(zone, "192.0.2.1", "a@e.example").explanation,
            "192.0.2.1 may not send for e.example to unknown%");
  EXPECT_EQ(check(zone, "192.0.2.1", "a@r.example").explanation,
            "192.0.2.1 may not send for e.example to unknown%");
  for (const std::string domain : {"i.example", "two.example", "bad.example"}) {
    EXPECT_EQ(check(zone, "192.0.2.1", "a@" + domain).status, SpfStatus::fail);
    EXPECT_EQ(check(zone, "192.0.2.1", "a@" + domain).explanation, "") << domain;
  }
}

}  // namespace
}  // namespace icm
