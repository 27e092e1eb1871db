// SPDX-License-Identifier: Apache-2.0
//
// alignment, DMARC: what passes is for the domain of From, and that domain has a record.
#include "test/policy/authentication_fixture.h"

namespace icm {
namespace {

constexpr std::string_view dmarc_reject =
    " -> 554 5.7.1 Your message was rejected due to shop.example's DMARC policy";

class AlignmentDmarcTest : public AuthenticationTest {
 protected:
  AlignmentDmarcTest() : AuthenticationTest(make_alignment) {}
};

TEST_F(AlignmentDmarcTest, asks_that_something_which_passes_is_for_the_domain_of_from) {
  spf(SpfStatus::pass, "bounce.esp.example");
  dkim(DkimStatus::pass, "esp.example");
  EXPECT_EQ(
      judged(),
      fmt::format("violation 550 5.7.22 alignment.unaligned: nothing that passes is for "
                  "shop.example of From: SPF bounce.esp.example and DKIM d=esp.example; sign with "
                  "d=shop.example (SELECTOR._domainkey.shop.example. TXT), or use an envelope "
                  "sender of that domain{0}\n"
                  "violation 550 5.7.1 alignment.dmarc-fail: DMARC says fail (p=reject at "
                  "_dmarc.shop.example): no SPF or DKIM pass is aligned with shop.example; sign "
                  "with d=shop.example (SELECTOR._domainkey.shop.example. TXT), or use an envelope "
                  "sender of that domain{0}",
                  dmarc_reject));
}

TEST_F(AlignmentDmarcTest, predicts_what_the_published_policy_leads_to) {
  struct Case {
    std::string_view record, prediction;
  };
  for (const auto& [record, prediction] : {
           Case{"p=reject",
                "554 5.7.1 Your message was rejected due to shop.example's DMARC "
                "policy"},
           Case{"p=quarantine", "junk folder (p=quarantine of shop.example)"},
           Case{"p=reject; t=y", "junk folder (p=reject, t=y of shop.example)"},
           Case{"p=quarantine; t=y", no_answer_known},
           Case{"p=none", no_answer_known},
       }) {
    found = {};
    zone = fmt::format(R"({{"_dmarc.shop.example": {{"TXT": ["v=DMARC1; {}"]}}}})", record);
    spf(SpfStatus::pass, "esp.example");
    dkim(DkimStatus::pass, "esp.example");
    EXPECT_EQ(findings().front().prediction, prediction) << record;
  }
}

TEST_F(AlignmentDmarcTest, asks_for_a_dmarc_record_and_judges_alignment_without_one) {
  zone = "{}";
  header = "From: News <news@mail.shop.example>\n";
  spf(SpfStatus::pass, "bounce.shop.example");
  dkim(DkimStatus::pass, "esp.example");
  EXPECT_EQ(judged(),
            "violation 550 5.7.1 alignment.dmarc-missing: no DMARC record for mail.shop.example; "
            "publish _dmarc.shop.example. TXT \"v=DMARC1; p=none\"");
  found.spf[0].result.domain = "esp.example";
  EXPECT_EQ(rules(), "unaligned dmarc-missing");
}

// RFC 9989 §4.7: a record whose sp= cannot be read and that has no rua= is none.
TEST_F(AlignmentDmarcTest, knows_what_is_aligned_where_the_record_is_of_no_use) {
  zone = R"({"_dmarc.shop.example": {"TXT": ["v=DMARC1; p=reject; sp=rejct"]}})";
  spf(SpfStatus::pass, "shop.example");
  dkim(DkimStatus::pass, "shop.example");
  EXPECT_EQ(findings().front().fix,
            "replace the record there by _dmarc.shop.example. TXT \"v=DMARC1; p=none\"");
  EXPECT_EQ(rules(), "dmarc-missing");
}

TEST_F(AlignmentDmarcTest, does_not_speak_of_alignment_for_sure_when_spf_was_not_asked) {
  dkim(DkimStatus::pass, "esp.example");
  EXPECT_EQ(rules(), "spf-not-asked(advice) unaligned(advice) dmarc-fail(advice)");
  found = {};
  EXPECT_EQ(rules(), "spf-not-asked(advice) dkim-missing dmarc-fail(advice)");
}

TEST_F(AlignmentDmarcTest, asks_that_from_has_one_domain) {
  all_pass();
  header = "From: a@shop.example, b@esp.example\n";
  EXPECT_EQ(judged(),
            "violation 550 5.7.1 alignment.unaligned: From has no domain to align with: From names "
            "several domains; let From name one address, or addresses of one domain");
}

TEST_F(AlignmentDmarcTest, warns_when_the_two_standards_differ) {
  zone = R"({"_dmarc.shop.example": {"TXT": ["v=DMARC1; p=reject"]},
             "_dmarc.b.shop.example": {"TXT": ["v=DMARC1; p=none; psd=n"]}})";
  header = "From: x@c.b.shop.example\n";
  all_pass();
  config.alignment.dmarc = DmarcReading::rfc7489;
  EXPECT_EQ(judged(),
            "advice alignment.dmarc-standards-differ: DMARC says fail (p=none at "
            "_dmarc.b.shop.example) by RFC 9989 and pass (p=reject at _dmarc.shop.example) by RFC "
            "7489; receivers do either; publish a record of its own at _dmarc.c.b.shop.example: it "
            "means the same by both");
  config.alignment.dmarc = DmarcReading::rfc9989;
  EXPECT_EQ(rules(), "unaligned dmarc-fail dmarc-standards-differ(advice)");
}

// One more would make it worse.
TEST_F(AlignmentDmarcTest, names_the_records_where_there_are_several) {
  zone = R"({"_dmarc.shop.example": {"TXT": ["v=DMARC1; p=none", "hello", "v=DMARC1; p=reject"]}})";
  all_pass();
  EXPECT_EQ(rules(), "dmarc-missing");
  EXPECT_EQ(findings().front().fix,
            "keep one of the 2 records at _dmarc.shop.example. TXT, and remove the others: "
            "\"v=DMARC1; p=none\" and \"v=DMARC1; p=reject\"");
}

}  // namespace
}  // namespace icm
