// SPDX-License-Identifier: Apache-2.0
//
// RFC 7208 section by section: which identity, which record, which mechanism, which limit. Macros
// and explanations are in spf_rfc7208_macros_test.cc.
#include <gtest/gtest.h>

#include "test/policy/auth/spf_fixture.h"

namespace icm {
namespace {

using enum SpfStatus;

constexpr std::string_view v4 = "192.0.2.1";
constexpr std::string_view v6 = "2001:db8::1";

struct RecordCase {
  std::string_view record, client;
  SpfStatus status;
};

void expect(std::initializer_list<RecordCase> cases, std::string_view more = {}) {
  for (const auto& [record, client, status] : cases) {
    const auto result = spf_of(zone_with(record, more), client, "ann@e.example");
    EXPECT_EQ(result.status, status) << record << " from " << client << ": "
                                     << to_string(result.status) << ", " << result.problem;
  }
}

// ---- §4.3 initial processing

TEST(SpfIdentities, of_one_label_or_malformed_have_no_result) {
  const std::string long_label(64, 'x');
  const std::string zone = fmt::format(
      R"({{"localhost": {{"TXT": ["v=spf1 +all"]}}, "{}.example": {{"TXT": ["v=spf1 +all"]}}, "a..example": {{"TXT": ["v=spf1 +all"]}}}})",
      long_label);
  for (const std::string& sender :
       {std::string("a@localhost"), std::string("a@localhost."), std::string("a@a..example"),
        std::string("a@.example"), "a@" + long_label + ".example", std::string("a@[192.0.2.1]"),
        std::string("a@[IPv6:2001:db8::1]"), std::string("a@"), std::string("@"),
        std::string("a@e.example..")}) {
    const auto result = spf_of(zone, v4, sender);
    EXPECT_EQ(result.status, none) << sender;
    EXPECT_EQ(result.identity, SpfIdentity::mail_from) << sender;
  }
  for (const std::string& helo :
       {std::string(), std::string("localhost"), std::string("[192.0.2.1]"),
        std::string("OEMCOMPUTER"), std::string("[IPv6:2001:db8::1]"), long_label + ".example",
        std::string("no dots here")}) {
    const auto result = spf_of(zone, v4, "", helo);
    EXPECT_EQ(result.status, none) << helo;
    EXPECT_EQ(result.identity, SpfIdentity::helo) << helo;
  }
}

TEST(SpfIdentities, take_a_label_of_63_octets_a_final_dot_and_any_case) {
  const std::string label(63, 'x');
  EXPECT_EQ(spf_of(fmt::format(R"({{"{}.example": {{"TXT": ["v=spf1 -all"]}}}})", label), v4,
                   "a@" + label + ".example")
                .status,
            fail);
  for (const std::string sender : {"a@e.example.", "a@E.eXample", "a@E.EXAMPLE."}) {
    const auto result = spf_of(zone_with("v=spf1 -all"), v4, sender);
    EXPECT_EQ(result.status, fail) << sender;
    EXPECT_EQ(result.domain, "e.example") << sender;
  }
}

TEST(SpfIdentities, without_local_part_are_postmaster) {
  const std::string zone =
      zone_with("v=spf1 exp=x.%{d} -all", R"("x.e.example": {"TXT": ["%{s} %{l}"]})");
  for (const std::string sender : {"@e.example", "e.example"}) {
    EXPECT_EQ(spf_of(zone, v4, sender).explanation, "postmaster@e.example postmaster") << sender;
  }
  EXPECT_EQ(spf_of(zone, v4, "", "e.example").explanation, "postmaster@e.example postmaster");
  EXPECT_EQ(spf_of(zone, v4, "\"a@b\"@e.example").explanation, "\"a@b\"@e.example \"a@b\"");
}

TEST(SpfIdentities, with_u_labels_are_asked_by_their_a_labels) {
  const auto result =
      spf_of(R"({"xn--bcher-kva.example": {"TXT": ["v=spf1 -all"]}})", v4, "a@b\u00fccher.example");
  EXPECT_EQ(result.status, fail);
  EXPECT_EQ(result.domain, "xn--bcher-kva.example");
}

// ---- §4.4, §4.5 the record

TEST(SpfRecordChoice, takes_the_one_txt_record_of_version_1) {
  struct Case {
    std::string_view records;
    SpfStatus status;
  };
  for (const auto& [records, status] : {
           Case{R"("TXT": ["v=spf1 -all"])", fail},
           Case{R"("TXT": ["V=SpF1 -ALL"])", fail},
           Case{R"("TXT": ["v=spf1"])", neutral},
           Case{R"("TXT": ["v=spf1 "])", neutral},
           Case{R"("TXT": ["v=spf1   -all   "])", fail},
           Case{R"("TXT": ["v=spf10 -all"])", none},
           Case{R"("TXT": ["v=spf1-all"])", none},
           Case{R"("TXT": ["v=spf1\t-all"])", none},
           Case{R"("TXT": [" v=spf1 -all"])", none},
           Case{R"("TXT": ["\"v=spf1 -all\""])", none},
           Case{R"("TXT": ["v = spf1 -all"])", none},
           Case{R"("TXT": ["spf2.0/pra -all", "spf2.0/mfrom +all"])", none},
           Case{R"("TXT": [""])", none},
           Case{R"("TXT": [])", none},
           Case{R"("A": ["192.0.2.1"])", none},
           Case{R"("TXT": ["hello", "v=spf1 -all", "v=spf10 +all"])", fail},
           Case{R"("TXT": ["v=spf1 -all", "v=spf1 -all"])", perm_error},
           Case{R"("TXT": ["v=spf1 -all", "V=SPF1"])", perm_error},
           Case{R"("TXT": ["v=spf1 what", "v=spf1 -all"])", perm_error},
           // §3.3: strings of one record are joined without anything between.
           Case{R"("TXT": [["v=sp", "f1 -", "all"]])", fail},
           Case{R"("TXT": [["v=spf1", "-all"]])", none},
           Case{R"("TXT": [["v=spf1", " -all"]])", fail},
           Case{R"("TXT": [["v=spf1 ip4:192.0.2.1", "-all"]])", perm_error},
           // §3.1: type SPF is history.
           Case{R"("SPF": ["v=spf1 +all"])", none},
           Case{R"("SPF": ["v=spf1 +all"], "TXT": ["v=spf1 -all"])", fail},
           Case{R"("SPF": ["TIMEOUT"], "TXT": ["v=spf1 -all"])", fail},
           Case{R"("SPF": ["v=spf1 +all"], "TXT": ["TIMEOUT"])", temp_error},
           Case{R"("TXT": ["v=spf1 -all", "TIMEOUT"])", temp_error},
           Case{R"("CNAME": ["other.example"])", soft_fail},
           Case{R"("CNAME": ["loop.example"])", temp_error},
           Case{R"("CNAME": ["nowhere.example"])", none},
       }) {
    const auto result =
        spf_of(fmt::format(R"({{"e.example": {{{}}}, "other.example": {{"TXT": ["v=spf1 ~all"]}},
                         "loop.example": {{"CNAME": ["pool.example"]}},
                         "pool.example": {{"CNAME": ["loop.example"]}}}})",
                           records),
               v4, "a@e.example");
    EXPECT_EQ(result.status, status)
        << records << ": " << to_string(result.status) << ", " << result.problem;
  }
}

TEST(SpfRecordChoice, does_not_mind_what_other_records_hold) {
  EXPECT_EQ(
      spf_of(R"({"e.example": {"TXT": ["gr\u00fcn \u0000", "v=spf1 -all"]}})", v4, "a@e.example")
          .status,
      fail);
}

// ---- §4.6 evaluation

TEST(SpfTerms, are_all_read_before_one_is_evaluated) {
  expect({
      {"v=spf1 +all nonsense", v4, perm_error},
      {"v=spf1 ip4:192.0.2.1 -all exists:%{q}.example", v4, perm_error},
      {"v=spf1 -all redirect=", v4, perm_error},
      {"v=spf1 -all =x", v4, perm_error},
      {"v=spf1 -all 1x=y", v4, perm_error},
      {"v=spf1 -all moo.cow-far_out=man:dog/cat", v4, fail},
      {"v=spf1 -all x=%{c}%{r}%{t}%{d}%%%_%-", v4, fail},
      {"v=spf1 -all x=", v4, fail},
      {"v=spf1 -all x=%", v4, perm_error},
      {"v=spf1 -all x=%{", v4, perm_error},
      {"v=spf1 -all default=pass", v4, fail},
      {"v=spf1 +x=y -all", v4, perm_error},
      {"v=spf1 ++all", v4, perm_error},
      {"v=spf1 ?-all", v4, perm_error},
      {"v=spf1 -", v4, perm_error},
      {"v=spf1 -all.", v4, perm_error},
      {"v=spf1 -all/8", v4, perm_error},
      {"v=spf1 -all:e.example", v4, perm_error},
      {"v=spf1 a\\t-all", v4, perm_error},
      {"v=spf1 a:x\\u00e9.example -all", v4, perm_error},
      {"v=spf1 a:x\\u0000.example -all", v4, perm_error},
      {"v=spf1 \\u0007 -all", v4, perm_error},
      {"v=spf1 exp=a.example -all exp=a.example", v4, perm_error},
      {"v=spf1 redirect=a.example EXP=b.example Redirect=a.example", v4, perm_error},
      {"v=spf1 ?ip4:192.0.2.1 -all", v4, neutral},
      {"v=spf1 ~ip4:192.0.2.1 -all", v4, soft_fail},
      {"v=spf1 +ip4:192.0.2.1 -all", v4, pass},
      {"v=spf1 -ip4:192.0.2.1 +all", v4, fail},
      {"v=spf1 ip4:203.0.113.1", v4, neutral},
  });
}

TEST(SpfLimits, are_ten_terms_that_ask_and_two_that_get_nothing) {
  const std::string_view more =
      R"("h.example": {"A": ["203.0.113.9"], "AAAA": ["2001:db8::9"], "MX": [[1, "h.example"]]},
         "three.example": {"TXT": ["v=spf1 a:h.example a:h.example a:h.example ?all"]},
         "1.2.0.192.in-addr.arpa": {"PTR": ["h.example"]})";
  expect(
      {
          {"v=spf1 a:h.example mx:h.example ptr exists:v.example a:h.example a:h.example "
           "a:h.example "
           "a:h.example a:h.example a:h.example -all",
           v4, fail},
          {"v=spf1 a:h.example mx:h.example ptr exists:v.example a:h.example a:h.example "
           "a:h.example "
           "a:h.example a:h.example a:h.example a:h.example -all",
           v4, perm_error},
          {"v=spf1 include:three.example include:three.example a:h.example a:h.example -all", v4,
           fail},
          {"v=spf1 include:three.example include:three.example include:three.example -all", v4,
           perm_error},
          {"v=spf1 include:three.example include:three.example a:h.example redirect=three.example",
           v4, perm_error},
          // What is not reached is not counted, and what asks nothing is not either.
          {"v=spf1 ip4:192.0.2.1 a a a a a a a a a a a a -all", v4, pass},
          {"v=spf1 ip4:1.1.1.1 ip4:1.1.1.2 ip4:1.1.1.3 ip4:1.1.1.4 ip4:1.1.1.5 ip4:1.1.1.6 "
           "ip4:1.1.1.7 ip4:1.1.1.8 ip6:1::1 ip6:1::2 ip6:1::3 -all",
           v4, fail},
          {"v=spf1 a:n1.example a:n2.example -all", v4, fail},
          {"v=spf1 a:n1.example a:n2.example a:n3.example -all", v4, perm_error},
          {"v=spf1 exists:n1.example mx:n2.example a:n3.example -all", v4, perm_error},
          {"v=spf1 include:e.example -all", v4, perm_error},
          {"v=spf1 redirect=e.example", v4, perm_error},
      },
      more);
}

TEST(SpfLimits, of_one_mx_are_ten_hosts_and_of_one_ptr_ten_names) {
  std::string exchanges, names, hosts;
  for (int i = 1; i <= 11; ++i) {
    exchanges += fmt::format("{}[{}, \"h{}.example\"]", i > 1 ? ", " : "", i, i);
    names += fmt::format("{}\"h{}.example\"", i > 1 ? ", " : "", i);
    hosts += fmt::format(R"(, "h{}.example": {{"A": ["{}"]}})", i,
                         i == 11 ? "192.0.2.1" : "203.0.113.9");
  }
  const std::string ten = exchanges.substr(0, exchanges.rfind(", ["));
  const std::string addresses = R"("203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4",
      "203.0.113.5", "203.0.113.6", "203.0.113.7", "203.0.113.8", "203.0.113.9", "203.0.113.10",
      "203.0.113.11", "192.0.2.1")";
  expect(
      {
          {"v=spf1 mx:ten.example -all", v4, fail},
          {"v=spf1 mx:eleven.example -all", v4, perm_error},
          {"v=spf1 ptr:h11.example -all", v4, fail},  // the eleventh name is not looked at
          {"v=spf1 a:many.example -all", v4, pass},   // no limit on addresses
      },
      fmt::format(R"("ten.example": {{"MX": [{}]}}, "eleven.example": {{"MX": [{}]}},
                     "1.2.0.192.in-addr.arpa": {{"PTR": [{}]}}, "many.example": {{"A": [{}]}}{})",
                  ten, exchanges, names, addresses, hosts));
}

TEST(SpfTimeouts, are_temperror_wherever_an_answer_was_needed) {
  const std::string_view more =
      R"("t.example": {"TXT": ["TIMEOUT"], "A": ["TIMEOUT"], "AAAA": ["TIMEOUT"], "MX": ["TIMEOUT"]},
         "mx.example": {"MX": [[1, "t.example"]]}, "in.example": {"TXT": ["v=spf1 a:t.example -all"]},
         "loop.example": {"CNAME": ["loop.example"]},
         "1.2.0.192.in-addr.arpa": {"PTR": ["TIMEOUT"]},
         "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": {"PTR": ["t.example", "e.example"]})";
  expect(
      {
          {"v=spf1 a:t.example -all", v4, temp_error},
          {"v=spf1 a:t.example -all", v6, temp_error},
          {"v=spf1 a:loop.example -all", v4, temp_error},
          {"v=spf1 mx:t.example -all", v4, temp_error},
          {"v=spf1 mx:mx.example -all", v4, temp_error},
          {"v=spf1 exists:t.example -all", v4, temp_error},
          {"v=spf1 exists:t.example -all", v6, temp_error},
          {"v=spf1 include:t.example -all", v4, temp_error},
          {"v=spf1 include:in.example -all", v4, temp_error},
          {"v=spf1 redirect=t.example", v4, temp_error},
          {"v=spf1 redirect=in.example", v4, temp_error},
          {"v=spf1 ip4:192.0.2.1 a:t.example -all", v4, pass},
          {"v=spf1 a:t.example +all", v4, temp_error},
          // §5.5: of ptr they are no match.
          {"v=spf1 ptr -all", v4, fail},
          {"v=spf1 ptr:t.example -all", v6, fail},
      },
      more);
}

}  // namespace
}  // namespace icm
