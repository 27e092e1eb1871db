// SPDX-License-Identifier: Apache-2.0
#include "test/policy/authentication_fixture.h"

namespace icm {
namespace {

constexpr std::string_view both_fail =
    " -> 554 5.7.1 [HME1] This message was blocked for failing both SPF and DKIM authentication "
    "checks";

class AlignmentTest : public AuthenticationTest {
 protected:
  AlignmentTest() : AuthenticationTest(make_alignment) {}
};

TEST_F(AlignmentTest, has_nothing_to_say_of_a_message_that_passes_everything) {
  all_pass();
  EXPECT_EQ(judged(), "");
}

TEST_F(AlignmentTest, has_nothing_to_say_where_nobody_asked) {
  spf(SpfStatus::fail, "shop.example");
  authenticated = false;
  EXPECT_EQ(judged(), "");
}

TEST_F(AlignmentTest, says_when_it_does_not_know_where_the_mail_leaves_from) {
  dkim(DkimStatus::pass, "shop.example");
  EXPECT_EQ(judged(),
            "advice alignment.spf-not-asked: SPF was not asked, since no address is known that "
            "this mail leaves from; write the addresses that Apple sees into milter.conf, "
            "egress.addresses: [192.0.2.7, \"2001:db8::7\"]");
  stream = "news";
  EXPECT_TRUE(findings().front().fix.ends_with(", or into egress of the stream news"));
  envelope.reverse_path = ReversePath::from("<>");
  spf(SpfStatus::none, "").identity = SpfIdentity::helo;
  EXPECT_EQ(judged(),
            "advice alignment.spf-not-asked: SPF was not asked: without an envelope sender it "
            "judges the HELO name, and none is known; write the name that the mail server gives "
            "(Postfix: smtp_helo_name) into milter.conf, egress.helo");
}

// Else two thousand fields of no meaning would be a way around it.
TEST_F(AlignmentTest, cannot_judge_a_header_that_was_cut_off) {
  header_overflow = true;
  const auto outcome = result();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().text,
            "the header is larger than what is kept of it (limits.header_octets, "
            "limits.header_fields), so no signature can be judged");
}

TEST_F(AlignmentTest, gives_the_very_record_for_an_address_that_spf_does_not_allow) {
  zone = R"({"shop.example": {"TXT": ["hello", "v=spf1 include:esp.example -all"]},
             "_dmarc.shop.example": {"TXT": ["v=DMARC1; p=reject"]}})";
  spf(SpfStatus::fail, "shop.example").mechanism = "-all";
  found.spf.push_back({*IpAddress::parse("2001:db8::7"), found.spf[0].result});
  dkim(DkimStatus::pass, "shop.example");
  EXPECT_EQ(judged(),
            "violation 550 5.7.23 alignment.spf-fail: SPF says fail for shop.example from "
            "192.0.2.7 and 2001:db8::7: \"-all\" matches; publish shop.example. TXT \"v=spf1 "
            "ip4:192.0.2.7 ip6:2001:db8::7 include:esp.example -all\"");
}

TEST_F(AlignmentTest, gives_a_record_without_repetition_for_one_that_includes_itself) {
  zone = R"({"shop.example": {"TXT": ["v=spf1 include:Shop.example  a ip4:192.0.2.7 -all"]},
             "_dmarc.shop.example": {"TXT": ["v=DMARC1; p=reject"]}})";
  spf(SpfStatus::perm_error, "shop.example");
  dkim(DkimStatus::pass, "shop.example");
  EXPECT_EQ(judged(),
            "violation 550 5.7.24 alignment.spf-error: SPF says permerror for shop.example from "
            "192.0.2.7; publish shop.example. TXT \"v=spf1 ip4:192.0.2.7 a -all\"");
}

TEST_F(AlignmentTest, asks_for_a_pass_from_every_address) {
  all_pass();
  found.spf.push_back({*IpAddress::parse("192.0.2.8"), {}});
  found.spf[1].result.status = SpfStatus::soft_fail;
  found.spf[1].result.domain = "shop.example";
  found.spf[1].result.mechanism = "~all";
  EXPECT_EQ(judged(),
            "violation 550 5.7.1 alignment.spf-softfail: SPF says softfail for shop.example from "
            "192.0.2.8: \"~all\" matches; publish shop.example. TXT \"v=spf1 ip4:192.0.2.8 -all\"");
}

TEST_F(AlignmentTest, tells_each_result_of_spf_by_its_rule) {
  struct Case {
    SpfStatus status;
    std::string_view domain, problem, records, said;
  };
  for (const auto& [status, domain, problem, records, said] : {
           Case{SpfStatus::neutral, "shop.example", "", R"("v=spf1")",
                "550 5.7.1 alignment.spf-neutral: SPF says neutral for shop.example from "
                "192.0.2.7: nothing matches; publish shop.example. TXT \"v=spf1 ip4:192.0.2.7\""},
           Case{SpfStatus::none, "shop.example", "shop.example publishes no SPF record", "",
                "550 5.7.1 alignment.spf-none: SPF says none for shop.example from 192.0.2.7: "
                "shop.example publishes no SPF record; publish shop.example. TXT \"v=spf1 "
                "ip4:192.0.2.7 -all\""},
           Case{SpfStatus::none, "[192.0.2.1]", "no domain", "",
                "550 5.7.1 alignment.spf-none: SPF says none for [192.0.2.1] from 192.0.2.7: no "
                "domain; use an envelope sender whose domain can publish an SPF record"},
           Case{SpfStatus::perm_error, "shop.example", "shop.example publishes 2 SPF records",
                R"("v=spf1 a -all", "v=spf1 mx -all")",
                "550 5.7.24 alignment.spf-error: SPF says permerror for shop.example from "
                "192.0.2.7: shop.example publishes 2 SPF records; keep one SPF record (RFC 7208 "
                "section 3.2), such as shop.example. TXT \"v=spf1 ip4:192.0.2.7 -all\""},
           Case{SpfStatus::perm_error, "shop.example", "SPF record of shop.example: no",
                R"("v=spf1 ipv4:192.0.2.7 -all")",
                "550 5.7.24 alignment.spf-error: SPF says permerror for shop.example from "
                "192.0.2.7: SPF record of shop.example: no; correct the record, or replace it by "
                "shop.example. TXT \"v=spf1 ip4:192.0.2.7 -all\""},
       }) {
    found = {};
    zone = fmt::format(
        R"({{"shop.example": {{"TXT": [{}]}}, "_dmarc.shop.example": {{"TXT": ["v=DMARC1; p=none"]}}}})",
        records);
    spf(status, std::string(domain), std::string(problem));
    dkim(DkimStatus::pass, "shop.example");
    EXPECT_EQ(judged(), fmt::format("violation {}", said));
  }
}

TEST_F(AlignmentTest, splits_a_record_that_is_too_long_for_one_string) {
  zone = fmt::format(
      R"({{"shop.example": {{"TXT": [["v=spf1 a:{}.example", " mx -all"]]}}, "_dmarc.shop.example": {{"TXT": ["v=DMARC1"]}}}})",
      std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') + "." +
          std::string(40, 'd'));
  spf(SpfStatus::fail, "shop.example");
  dkim(DkimStatus::pass, "shop.example");
  EXPECT_TRUE(findings().front().fix.ends_with("ddd.example \" \"mx -all\""))
      << findings().front().fix;
}

TEST_F(AlignmentTest, defers_what_could_not_be_looked_up_as_on_error_says) {
  zone = R"({"_dmarc.shop.example": {"TXT": ["TIMEOUT"]}})";
  spf(SpfStatus::temp_error, "shop.example", "TXT shop.example: temporary");
  dkim(DkimStatus::temp_error, "shop.example", "TXT sel._domainkey.shop.example: temporary");
  EXPECT_EQ(
      judged(),
      "violation 451 4.7.24 alignment.spf-temporary: SPF says temperror for shop.example from "
      "192.0.2.7: TXT shop.example: temporary; let the name servers of that domain answer; the "
      "mail is tried again (defer)\n"
      "violation 451 4.7.5 alignment.dkim-temporary: the key of a DKIM signature could not be "
      "fetched: s=sel d=shop.example: TXT sel._domainkey.shop.example: temporary; let the name "
      "servers of that domain answer; the mail is tried again (defer)\n"
      "violation 451 4.4.3 alignment.dmarc-temporary: DMARC of shop.example is not known: TXT "
      "_dmarc.shop.example: temporary (TIMEOUT in the zone file); let the name servers of that "
      "domain answer; the mail is tried again (defer)");
  config.alignment.on_error = OnError::accept;
  EXPECT_EQ(rules(), "spf-temporary(advice) dkim-temporary(advice) dmarc-temporary(advice)");
}

TEST_F(AlignmentTest, asks_for_a_signature) {
  spf(SpfStatus::pass, "shop.example");
  EXPECT_EQ(judged(),
            "violation 550 5.7.20 alignment.dkim-missing: there is no DKIM-Signature; sign with "
            "d=shop.example and publish SELECTOR._domainkey.shop.example. TXT \"v=DKIM1; k=rsa; "
            "p=...\"");
}

TEST_F(AlignmentTest, tells_why_no_signature_passes) {
  spf(SpfStatus::pass, "shop.example");
  dkim(DkimStatus::fail, "shop.example", "body hash did not verify");
  dkim(DkimStatus::perm_error, "esp.example", "no key at sel._domainkey.esp.example");
  DkimResult& expired = dkim(DkimStatus::perm_error, "b.example", "signature has expired (x=)");
  expired.tags->expires_at = 1'700'000'000;
  dkim(DkimStatus::perm_error, "c.example", "key of 512 bits is too short, 1024 are the least")
      .key_bits = 512;
  DkimResult& bare = dkim(DkimStatus::perm_error, "d.example", "h= does not name From");
  bare.tags.reset();
  bare.header_index = 2;
  header += "DKIM-Signature: v=1; d=d.example; s=sel; h=to:subject; bh=AA==; b=AA==\n";
  EXPECT_EQ(
      judged(),
      "violation 550 5.7.20 alignment.dkim-fail: no DKIM signature passes: s=sel d=shop.example: "
      "body hash did not verify and s=sel d=esp.example: no key at sel._domainkey.esp.example; "
      "sign last, after everything that changes the mail, with the key whose public half is at "
      "sel._domainkey.shop.example. TXT\n"
      "violation 550 5.7.20 alignment.dkim-expired: no DKIM signature passes: s=sel d=b.example: "
      "signature has expired (x=); sign when the mail is sent, and let x= lie further ahead than "
      "mail waits in a queue\n"
      "violation 550 5.7.20 alignment.dkim-key-short: no DKIM signature passes: s=sel d=c.example: "
      "key of 512 bits is too short, 1024 are the least; publish an RSA key of 2048 bits as "
      "sel._domainkey.c.example. TXT (at least 1024 are accepted), and sign with it\n"
      "violation 550 5.7.20 alignment.dkim-from-unsigned: no DKIM signature passes: s=sel "
      "d=d.example: h= does not name From; name From in h= (RFC 6376 section 5.4)");
}

TEST_F(AlignmentTest, names_the_record_of_a_key_that_is_not_there) {
  spf(SpfStatus::pass, "shop.example");
  dkim(DkimStatus::perm_error, "shop.example", "no key at sel._domainkey.shop.example");
  EXPECT_EQ(findings().front().fix,
            "publish the public key as sel._domainkey.shop.example. TXT \"v=DKIM1; k=rsa; "
            "p=...\"");
}

TEST_F(AlignmentTest, accepts_no_signature_that_leaves_something_open) {
  spf(SpfStatus::pass, "shop.example");
  config.alignment.min_key_bits = 2048;
  dkim(DkimStatus::pass, "shop.example").key_bits = 1024;
  dkim(DkimStatus::pass, "shop.example").tags->body_length = 40;
  dkim(DkimStatus::pass, "shop.example").tags->fields = {"from"};
  header += "From: Eve <eve@shop.example>\n";
  found.dkim[0].tags->fields = {"from", "from"};
  found.dkim[1].tags->fields = {"from", "from"};
  EXPECT_EQ(
      judged(),
      "violation 550 5.7.21 alignment.dkim-key-short: no DKIM signature that passes is accepted: "
      "s=sel d=shop.example: key of 1024 bits, 2048 are asked for; publish an RSA key of 2048 bits "
      "as sel._domainkey.shop.example. TXT (at least 2048 are accepted), and sign with it\n"
      "violation 550 5.7.21 alignment.dkim-body-length: no DKIM signature that passes is accepted: "
      "s=sel d=shop.example: l= leaves 60 octets of the body unsigned; sign without l= (RFC 6376 "
      "section 8.2)\n"
      "violation 550 5.7.21 alignment.dkim-from-unsigned: no DKIM signature that passes is "
      "accepted: s=sel d=shop.example: 1 of 2 From fields are signed; sign every From field, or "
      "have one only (RFC 6376 section 5.4)");
}

TEST_F(AlignmentTest, advises_on_signatures_that_could_be_better) {
  spf(SpfStatus::pass, "shop.example");
  DkimResult& signature = dkim(DkimStatus::pass, "shop.example");
  signature.key_bits = 1024;
  signature.tags->body_length = 100;
  signature.tags->fields = {"from"};
  EXPECT_EQ(
      judged(),
      "advice alignment.dkim-key-weak: s=sel d=shop.example has a key of 1024 bits; publish one of "
      "2048 bits as sel._domainkey.shop.example. TXT (RFC 8301 section 3.2)\n"
      "advice alignment.dkim-body-length: s=sel d=shop.example has l=: anybody may add to the "
      "body; sign without l= (RFC 6376 section 8.2)\n"
      "advice alignment.dkim-not-oversigned: s=sel d=shop.example lets a second From be added "
      "unseen; name From once more in h= than it stands in the header (RFC 6376 section 8.15; "
      "OpenDKIM: OversignHeaders From)");
  dkim(DkimStatus::pass, "shop.example");
  EXPECT_EQ(judged(), "");
}

TEST_F(AlignmentTest, predicts_what_apple_answers_when_spf_and_dkim_both_fail) {
  zone = R"({"shop.example": {"TXT": ["v=spf1 -all"]},
             "_dmarc.shop.example": {"TXT": ["v=DMARC1; p=none"]}})";
  spf(SpfStatus::fail, "shop.example").mechanism = "-all";
  EXPECT_EQ(
      judged(),
      fmt::format(
          "violation 550 5.7.26 alignment.several: SPF (spf-fail), DKIM (dkim-missing) and DMARC "
          "(dmarc-fail) failed; publish shop.example. TXT \"v=spf1 ip4:192.0.2.7 -all\"; sign with "
          "d=shop.example and publish SELECTOR._domainkey.shop.example. TXT \"v=DKIM1; k=rsa; "
          "p=...\"; sign with d=shop.example (SELECTOR._domainkey.shop.example. TXT), or use an "
          "envelope sender of that domain{0}\n"
          "violation 550 5.7.23 alignment.spf-fail: SPF says fail for shop.example from "
          "192.0.2.7: \"-all\" matches; publish shop.example. TXT \"v=spf1 ip4:192.0.2.7 "
          "-all\"{0}\n"
          "violation 550 5.7.20 alignment.dkim-missing: there is no DKIM-Signature; sign with "
          "d=shop.example and publish SELECTOR._domainkey.shop.example. TXT \"v=DKIM1; k=rsa; "
          "p=...\"{0}\n"
          "violation 550 5.7.1 alignment.dmarc-fail: DMARC says fail (p=none at "
          "_dmarc.shop.example): no SPF or DKIM pass is aligned with shop.example; sign with "
          "d=shop.example (SELECTOR._domainkey.shop.example. TXT), or use an envelope sender of "
          "that domain{0}",
          both_fail));
}

TEST_F(AlignmentTest, counts_only_rules_that_go_as_far_for_several) {
  spf(SpfStatus::none, "shop.example", "none");
  config.alignment.mode = Mode::enforce;
  config.alignment.rules = {{"spf-none", Mode::observe}, {"dmarc-fail", Mode::off}};
  EXPECT_EQ(rules(), "spf-none dkim-missing dmarc-fail");
  config.alignment.rules["several"] = Mode::observe;
  EXPECT_EQ(rules(), "several spf-none dkim-missing dmarc-fail");
}

TEST_F(AlignmentTest, waits_for_the_key_of_a_signature_that_may_be_better_than_one_that_passes) {
  spf(SpfStatus::pass, "shop.example");
  dkim(DkimStatus::pass, "shop.example").key_bits = 512;
  dkim(DkimStatus::temp_error, "shop.example");
  EXPECT_EQ(rules(), "dkim-temporary");
}

TEST_F(AlignmentTest, asks_for_one_of_both_where_that_is_configured) {
  config.alignment.require = Required::one;
  spf(SpfStatus::fail, "shop.example");
  dkim(DkimStatus::pass, "shop.example");
  EXPECT_EQ(rules(), "spf-fail(advice)");
  found.dkim[0].status = DkimStatus::temp_error;
  EXPECT_EQ(rules(), "spf-fail(advice) dkim-temporary dmarc-temporary");
  found.dkim.clear();
  EXPECT_EQ(rules(), "several spf-fail dkim-missing dmarc-fail");
  found.spf[0].result.status = SpfStatus::pass;
  EXPECT_EQ(rules(), "dkim-missing(advice)");
}

TEST_F(AlignmentTest, asks_of_a_bounce_what_a_bounce_can_meet) {
  envelope.reverse_path = ReversePath::from("<>");
  mail_class = MailClass::notice;
  header = "From: MAILER-DAEMON@out.shop.example\n";
  zone = "{}";
  spf(SpfStatus::pass, "out.shop.example").identity = SpfIdentity::helo;
  EXPECT_EQ(rules(), "dkim-missing(advice) dmarc-missing(advice)");
  found.spf[0].result.status = SpfStatus::none;
  found.spf[0].result.problem = "out.shop.example publishes no SPF record";
  EXPECT_EQ(findings()[1].evidence,
            "SPF says none for the HELO name out.shop.example from 192.0.2.7: out.shop.example "
            "publishes no SPF record");
  EXPECT_EQ(rules(), "several spf-none dkim-missing dmarc-missing(advice)");
  mail_class = MailClass::bulk;
  EXPECT_EQ(rules(), "several spf-none dkim-missing dmarc-missing");
}

TEST_F(AlignmentTest, disputes_a_refusal_that_libspf2_does_not_confirm) {
  zone = R"({"shop.example": {"TXT": ["v=spf1 ip4:192.0.2.7 -all"]},
             "_dmarc.shop.example": {"TXT": ["v=DMARC1; p=reject"]}})";
  questions.mail_from = "bounce@shop.example";
  ask_libraries = true;
  spf(SpfStatus::fail, "shop.example");
  EXPECT_EQ(
      judged(),
      fmt::format(
          "violation 550 5.7.26 alignment.several: SPF (spf-fail), DKIM (dkim-missing) and DMARC "
          "(dmarc-fail) failed; publish shop.example. TXT \"v=spf1 ip4:192.0.2.7 -all\"; "
          "sign with d=shop.example and publish SELECTOR._domainkey.shop.example. TXT "
          "\"v=DKIM1; k=rsa; p=...\"; sign with d=shop.example (SELECTOR._domainkey.shop.example. "
          "TXT), or use an envelope sender of that domain{0} [libspf2 says pass]\n"
          "violation 550 5.7.23 alignment.spf-fail: SPF says fail for shop.example from "
          "192.0.2.7; publish shop.example. TXT \"v=spf1 ip4:192.0.2.7 -all\"{0} "
          "[libspf2 says pass]\n"
          "violation 550 5.7.20 alignment.dkim-missing: there is no DKIM-Signature; sign with "
          "d=shop.example and publish SELECTOR._domainkey.shop.example. TXT \"v=DKIM1; k=rsa; "
          "p=...\"{0}\n"
          "violation 550 5.7.1 alignment.dmarc-fail: DMARC says fail (p=reject at "
          "_dmarc.shop.example): no SPF or DKIM pass is aligned with shop.example; sign with "
          "d=shop.example (SELECTOR._domainkey.shop.example. TXT), or use an envelope sender of "
          "that domain{0} [libspf2 says pass]",
          both_fail));
}

TEST_F(AlignmentTest, lets_a_refusal_stand_that_the_libraries_confirm) {
  zone = R"({"shop.example": {"TXT": ["v=spf1 -all"]},
             "_dmarc.shop.example": {"TXT": ["v=DMARC1; p=reject"]}})";
  questions.mail_from = "bounce@shop.example";
  ask_libraries = true;
  spf(SpfStatus::fail, "shop.example");
  for (const Finding& finding : findings()) EXPECT_EQ(finding.disputed, "") << finding.rule;
}

TEST_F(AlignmentTest, enforces_what_is_disputed_where_that_is_configured) {
  zone = R"({"shop.example": {"TXT": ["v=spf1 ip4:192.0.2.7 -all"]},
             "_dmarc.shop.example": {"TXT": ["v=DMARC1; p=reject"]}})";
  questions.mail_from = "bounce@shop.example";
  ask_libraries = true;
  config.authentication.enforce_disputed = true;
  spf(SpfStatus::fail, "shop.example");
  dkim(DkimStatus::pass, "shop.example");
  EXPECT_EQ(findings().front().evidence,
            "SPF says fail for shop.example from 192.0.2.7 (libspf2 says pass)");
  EXPECT_EQ(findings().front().disputed, "");
}

}  // namespace
}  // namespace icm
