// SPDX-License-Identifier: Apache-2.0
//
// RFC 7208 §6.2 and §7: macros as check_host() expands them, seen in the names it asks for, and
// explanations.
#include <gtest/gtest.h>

#include "test/policy/auth/spf_fixture.h"

namespace icm {
namespace {

constexpr std::string_view v4 = "192.0.2.1";
constexpr std::string_view v6 = "2001:db8::cb01";

// What the record of e.example explains to a client it refuses.
std::string explained(std::string_view text, std::string_view client = v4,
                      std::string mail_from = "strong-bad@e.example",
                      std::string helo = "mx.example.org", std::string_view more = {}) {
  const std::string zone = zone_with(
      "v=spf1 exp=x.e.example -all",
      fmt::format(R"("x.e.example": {{"TXT": ["{}"]}}{}{})", text, more.empty() ? "" : ", ", more));
  const auto result = spf_of(zone, client, std::move(mail_from), std::move(helo));
  EXPECT_EQ(result.status, SpfStatus::fail) << text << ": " << result.problem;
  return result.explanation;
}

TEST(SpfMacros, stand_for_sender_client_and_receiver) {
  struct Case {
    std::string_view text, v4, v6;
  };
  for (const auto& [text, of_v4, of_v6] : {
           Case{"%{s} %{l} %{o} %{d}", "strong-bad@e.example strong-bad e.example e.example",
                "strong-bad@e.example strong-bad e.example e.example"},
           Case{"%{i}", "192.0.2.1",
                "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.b.0.1"},
           Case{"%{c}", "192.0.2.1", "2001:db8::cb01"}, Case{"%{v}", "in-addr", "ip6"},
           Case{"%{h}", "mx.example.org", "mx.example.org"}, Case{"%{r}", "unknown", "unknown"},
           Case{"%{p}", "unknown", "unknown"}, Case{"%{t}", "0", "0"},
           Case{"%%%_%-", "% %20", "% %20"},
           Case{"%{ir}", "1.2.0.192",
                "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"},
           Case{"%{i1} %{i2r} %{I9999999999R}", "1 0.192 1.2.0.192",
                "1 0.2 1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"},
           Case{"%{l-} %{lr-} %{l1r-} %{l1-}", "strong.bad bad.strong strong bad",
                "strong.bad bad.strong strong bad"},
           Case{"%{S} %{L-}", "strong-bad%40e.example strong.bad",
                "strong-bad%40e.example strong.bad"},
           Case{"%{s@}", "", ""},  // no delimiter of §7.1: no explanation
       }) {
    EXPECT_EQ(explained(text, v4), of_v4) << text;
    EXPECT_EQ(explained(text, v6), of_v6) << text;
  }
  EXPECT_EQ(explained("%{c}", "::FFFF:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(explained("%{v}", "::FFFF:192.0.2.1"), "in-addr");
}

TEST(SpfMacros, split_at_every_delimiter_and_join_with_dots) {
  const std::string sender = "a.b-c+d,e/f_g=h@e.example";
  EXPECT_EQ(explained("%{l}", v4, sender), "a.b-c+d,e/f_g=h");
  EXPECT_EQ(explained("%{l.-+,/_=}", v4, sender), "a.b.c.d.e.f.g.h");
  EXPECT_EQ(explained("%{l2r.-+,/_=}", v4, sender), "b.a");
  EXPECT_EQ(explained("%{l+}", v4, sender), "a.b-c.d,e/f_g=h");
  EXPECT_EQ(explained("%{lr=}", v4, sender), "h.a.b-c+d,e/f_g");
  EXPECT_EQ(explained("%{l-}", v4, "-a--b-@e.example"), ".a..b.");
  EXPECT_EQ(explained("%{l3r-}", v4, "-a--b-@e.example"), ".a.");
}

TEST(SpfMacros, in_upper_case_are_escaped_as_in_a_uri) {
  EXPECT_EQ(explained("%{L}", v4, "~jack&jill=up-a_b.c d!%/@e.example"),
            "~jack%26jill%3Dup-a_b.c%20d%21%25%2F");
  EXPECT_EQ(explained("%{H}", v4, "a@e.example", "JUMPIN' JUPITER"), "JUMPIN%27%20JUPITER");
  EXPECT_EQ(explained("%{L}", v4, "gr\xc3\xbcn@e.example"), "gr%C3%BCn");
}

TEST(SpfMacros, of_p_is_a_name_that_leads_back) {
  const auto p = [](std::string_view names) {
    return explained("%{p}", v4, "a@e.example", "mx.example.org",
                     fmt::format(
                         R"("1.2.0.192.in-addr.arpa": {{"PTR": [{}]}},
               "a.other.example": {{"A": ["192.0.2.1"]}}, "b.other.example": {{"A": ["192.0.2.1"]}},
               "host.e.example": {{"A": ["192.0.2.1"]}}, "liar.e.example": {{"A": ["192.0.2.9"]}})",
                         names));
  };
  EXPECT_EQ(p(R"("a.other.example")"), "a.other.example");
  EXPECT_EQ(p(R"("a.other.example", "liar.e.example", "host.e.example")"), "host.e.example");
  EXPECT_EQ(p(R"("liar.e.example")"), "unknown");
  EXPECT_EQ(p(R"("TIMEOUT")"), "unknown");
  EXPECT_EQ(p(""), "unknown");
}

// RFC 8616 section 4.
TEST(SpfMacros, of_a_local_part_that_is_not_ascii_match_nothing) {
  const std::string more =
      R"("b\u00fc.u.e.example": {"A": ["127.0.0.2"]}, "bu.u.e.example": {"A": ["127.0.0.2"]},
         "u.e.example": {"A": ["127.0.0.2"], "TXT": ["v=spf1 +all"]})";
  for (const std::string_view term :
       {"exists:%{l}.u.e.example", "exists:%{L}.u.e.example", "exists:%{l1r-}.u.e.example",
        "include:%{l}.u.e.example", "a:%{s}.u.e.example/0"}) {
    const std::string zone = zone_with(fmt::format("v=spf1 {} -all", term), more);
    EXPECT_EQ(spf_of(zone, v4, "b\xC3\xBC@e.example").status, SpfStatus::fail) << term;
  }
  const std::string zone = zone_with("v=spf1 exists:%{l}.u.e.example -all", more);
  EXPECT_EQ(spf_of(zone, v4, "bu@e.example").status, SpfStatus::pass);
  const std::string plain = zone_with("v=spf1 exists:u.e.example -all", more);
  EXPECT_EQ(spf_of(plain, v4, "b\xC3\xBC@e.example").status, SpfStatus::pass);
}

TEST(SpfMacros, make_the_names_that_are_asked) {
  struct Case {
    std::string_view record, zone;
  };
  for (const auto& [record, zone] : {
           Case{"exists:%{ir}.%{v}._spf.%{d2}", "1.2.0.192.in-addr._spf.e.example"},
           Case{"exists:%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.e.example"},
           Case{"exists:%{L}.%{h}.%{d}", "strong-bad.mx.example.org.e.example"},
           Case{"exists:x%%y%_z%-.%{d}", "x%y z%20.e.example"},
           Case{"exists:%{d1r}.%{d}", "e.e.example"},
           Case{"exists:%{d1r}.yes.example.", "e.yes.example"},
           Case{"exists:%{H}", "mx.example.org"},
           Case{"include:%{d1}.%{d1r}.incl.example", "example.e.incl.example"},
       }) {
    const std::string more =
        fmt::format(R"("{}": {{"A": ["127.0.0.2"], "TXT": ["v=spf1 +all"]}})", zone);
    const auto result = spf_of(zone_with(fmt::format("v=spf1 {} -all", record), more), v4,
                               "strong-bad@e.example", "mx.example.org");
    EXPECT_EQ(result.status, SpfStatus::pass) << record;
  }
}

// §7.3: labels go from the left until 253 octets are left.
TEST(SpfMacros, that_make_a_name_too_long_lose_labels_on_the_left) {
  const std::string label(49, 'x');
  const std::string five = fmt::format("{0}.{0}.{0}.{0}.{0}", label);  // 249 octets
  const auto found = [&](std::string_view spec, const std::string& asked) {
    const std::string more = fmt::format(R"("{}": {{"A": ["127.0.0.2"]}})", asked);
    return spf_of(zone_with(fmt::format("v=spf1 exists:{} -all", spec), more), v4, "a.b@e.example")
               .status == SpfStatus::pass;
  };
  EXPECT_TRUE(found("abc." + five.substr(3) + ".%{l1}", "abc." + five.substr(3) + ".b"));
  EXPECT_TRUE(found("abc." + five + ".%{l1}", five + ".b"));
  EXPECT_TRUE(found(five + "." + five + ".%{d}", fmt::format("{0}.{0}.{0}.{0}.e.example", label)));
}

TEST(SpfMacros, may_ask_for_an_invalid_helo_and_find_nothing) {
  const std::string zone =
      zone_with("v=spf1 a:%{H} -all", R"("mx.example.org": {"A": ["192.0.2.1"]})");
  EXPECT_EQ(spf_of(zone, v4, "a@e.example", "mx.example.org").status, SpfStatus::pass);
  for (const std::string helo : {"JUMPIN' JUPITER", "[192.0.2.1]", "", "a..b", "%{d}"}) {
    EXPECT_EQ(spf_of(zone, v4, "a@e.example", helo).status, SpfStatus::fail) << helo;
  }
}

// §6.2: fetched from one TXT record in whole; whatever is wrong with it, there is none.
TEST(SpfExplanations, are_one_txt_record_of_printable_ascii) {
  struct Case {
    std::string_view records, explanation;
  };
  for (const auto& [records, explanation] : {
           Case{R"("TXT": ["no mail from %{c}, see http://%{d}/why?s=%{S}"])",
                "no mail from 192.0.2.1, see http://e.example/why?s=a%40e.example"},
           Case{R"("TXT": [["in two", " parts"]])", "in two parts"},
           Case{R"("TXT": ["v=spf1 -all"])", "v=spf1 -all"},
           Case{R"("TXT": [" blanks  within "])", " blanks  within "},
           Case{R"("TXT": ["one", "two"])", ""},
           Case{R"("TXT": [])", ""},
           Case{R"("TXT": [""])", ""},
           Case{R"("TXT": ["TIMEOUT"])", ""},
           Case{R"("A": ["192.0.2.1"])", ""},
           Case{R"("SPF": ["type 99"])", ""},
           Case{R"("TXT": ["%{q}"])", ""},
           Case{R"("TXT": ["100%"])", ""},
           Case{R"("TXT": ["%{d"])", ""},
           Case{R"("TXT": ["gr\u00fcn"])", ""},
           Case{R"("TXT": ["two\r\nlines"])", ""},
           Case{R"("TXT": ["a\ttab"])", ""},
           Case{R"("TXT": ["\u007f"])", ""},
           Case{R"("CNAME": ["y.example"])", "by alias"},
           Case{R"("CNAME": ["x.e.example"])", ""},
       }) {
    const auto result = spf_of(
        zone_with(
            "v=spf1 exp=x.%{d} -all",
            fmt::format(R"("x.e.example": {{{}}}, "y.example": {{"TXT": ["by alias"]}})", records)),
        v4, "a@e.example");
    EXPECT_EQ(result.status, SpfStatus::fail) << records;
    EXPECT_EQ(result.explanation, explanation) << records;
  }
  EXPECT_EQ(explained("%{l} is not welcome", v4, "gr\xc3\xbcn@e.example"), "");
}

TEST(SpfExplanations, belong_to_the_record_that_fails) {
  const std::string_view more =
      R"("x.e.example": {"TXT": ["of e"]}, "x.o.example": {"TXT": ["of %{d} for %{o}"]},
         "o.example": {"TXT": ["v=spf1 exp=x.%{d} -all"]}, "bare.example": {"TXT": ["v=spf1 -all"]},
         "in.example": {"TXT": ["v=spf1 exp=x.o.example +all"]})";
  struct Case {
    std::string_view record;
    SpfStatus status;
    std::string_view explanation;
  };
  for (const auto& [record, status, explanation] : {
           Case{"v=spf1 -all exp=x.e.example", SpfStatus::fail, "of e"},
           Case{"v=spf1 exp=x.e.example -ip4:192.0.2.1 +all", SpfStatus::fail, "of e"},
           Case{"v=spf1 ~all exp=x.e.example", SpfStatus::soft_fail, ""},
           Case{"v=spf1 +all exp=x.e.example", SpfStatus::pass, ""},
           Case{"v=spf1 -all", SpfStatus::fail, ""},
           Case{"v=spf1 -all exp=nowhere.example", SpfStatus::fail, ""},
           Case{"v=spf1 -all exp=x..example", SpfStatus::fail, ""},
           Case{"v=spf1 redirect=o.example exp=x.e.example", SpfStatus::fail,
                "of o.example for e.example"},
           Case{"v=spf1 redirect=bare.example exp=x.e.example", SpfStatus::fail, ""},
           Case{"v=spf1 include:o.example -all exp=x.e.example", SpfStatus::fail, "of e"},
           Case{"v=spf1 include:o.example -all", SpfStatus::fail, ""},
           Case{"v=spf1 -include:in.example exp=x.e.example", SpfStatus::fail, "of e"},
           Case{"v=spf1 -include:in.example", SpfStatus::fail, ""},
       }) {
    const auto result = spf_of(zone_with(record, more), v4, "a@e.example");
    EXPECT_EQ(result.status, status) << record;
    EXPECT_EQ(result.explanation, explanation) << record;
  }
}

}  // namespace
}  // namespace icm
