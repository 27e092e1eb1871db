// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <gtest/gtest.h>

#include "policy/auth/arc_chain.h"
#include "policy/base/text.h"
#include "test/policy/authentication_fixture.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

const PrivateKey& key() {
  static const PrivateKey made = *PrivateKey::generate(KeyType::rsa, 2048);
  return made;
}

MethodResult arrived(std::string_view method, std::string_view result) {
  MethodResult made;
  made.method = method;
  made.result = result;
  return made;
}

// Mail of a customer of shop.example that came in from outside and goes on to Apple.
class ArcSealingTest : public AuthenticationTest {
 protected:
  ArcSealingTest() : AuthenticationTest(make_arc_sealing) {
    const auto file = directory_.write("arc.pem", key().to_pem());
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    config.arc_sealing.keys = {{.domain = "ours.example",
                                .selector = "arc",
                                .file = file,
                                .recipients = {},
                                .listeners = {}}};
    keys = SealingKeys::load(config.arc_sealing.keys, {}).value();
    envelope.origin = Origin::forwarded;
    envelope.origin_reason = "client 203.0.113.9 is from outside";
    envelope.listener = "ICLOUD-GATE";
    found.body_hash = sha256("Hello Bob\r\n");
    zone = fmt::format(R"({{"_dmarc.shop.example": {{"TXT": ["v=DMARC1; p=reject"]}},
                            "arc._domainkey.ours.example": {{"TXT": ["v=DKIM1; p={}"]}}}})",
                       to_base64(key().public_octets()));
    spf(SpfStatus::fail, "shop.example");
    dkim(DkimStatus::pass, "shop.example");
  }

  void serve(const Policy& policy, const Facts& facts, const Result<Findings>& judged) override {
    const bool is_sealed = judged && std::ranges::any_of(*judged, [](const Finding& finding) {
                             return finding.weight == Weight::service;
                           });
    if (!is_sealed) return;
    edits = policy.serve(facts, Deadline::in(std::chrono::hours{1})).value();
  }

  std::vector<HeaderEdit> edits;

 private:
  TemporaryDirectory directory_;
};

TEST_F(ArcSealingTest, seals_what_was_forwarded_and_says_why_it_counts_as_that) {
  EXPECT_EQ(judged(),
            "service arc_sealing.sealed: i=1 cv=none by d=ours.example s=arc: client "
            "203.0.113.9 is from outside; ");
}

TEST_F(ArcSealingTest, makes_a_set_that_validates_with_the_results_of_arrival) {
  arrival = {arrived("spf", "pass"), arrived("dkim", "pass"), arrived("arc", "none")};
  arrival[0].properties = {{"smtp", "mailfrom", "ann@shop.example"}};
  (void)judged();
  ASSERT_EQ(edits.size(), 3u);
  EXPECT_EQ(edits[0].name, "ARC-Seal");
  EXPECT_EQ(edits[1].name, "ARC-Message-Signature");
  EXPECT_EQ(edits[2].name, "ARC-Authentication-Results");
  EXPECT_EQ(unfold(edits[2].value),
            "i=1; mx.shop.example; spf=pass smtp.mailfrom=ann@shop.example; dkim=pass; arc=none");

  HeaderList sealed;
  for (const HeaderEdit& edit : edits) sealed.add(edit.name, " " + edit.value);
  const MailText mail = mail_text(header + "\n" + body);
  for (std::size_t i = 0; i < mail.headers.size(); ++i) {
    sealed.add(mail.headers[i].name, mail.headers[i].value);
  }
  auto resolver = ZoneResolver::parse(zone).value();
  KeyDirectory directory(resolver);
  BodyHashes hashes;
  ArcVerifier verifier(sealed, directory, hashes);
  hashes.feed(mail.body);
  hashes.finish();
  const ArcResult chain = verifier.finish(Deadline::in(std::chrono::hours{1}));
  EXPECT_EQ(chain.status, ArcStatus::pass) << chain.reason;
}

TEST_F(ArcSealingTest, says_what_it_knows_itself_where_arrival_said_nothing) {
  (void)judged();
  EXPECT_EQ(unfold(edits.at(2).value),
            "i=1; mx.shop.example; dkim=pass header.d=shop.example header.s=sel "
            "header.a=rsa-sha256; arc=none");
}

// The chain may be another one since: what is sealed is what holds now.
TEST_F(ArcSealingTest, never_copies_what_was_said_of_another_chain) {
  arrival = {arrived("arc", "pass"), arrived("dmarc", "fail"), arrived("dkim", "none")};
  found.arc.status = ArcStatus::fail;
  found.arc.instance = 2;
  found.arc.reason = "AMS i=2: body hash did not verify";
  EXPECT_EQ(rules(), "sealed");
  EXPECT_EQ(unfold(edits.at(2).value),
            "i=3; mx.shop.example; dmarc=fail; dkim=none; arc=fail reason=\"AMS i=2: body hash did "
            "not verify\"");
  EXPECT_NE(edits.at(0).value.find("cv=fail"), std::string::npos);
}

// RFC 8617 section 4.4: the state of the chain is the one in which it was received.
TEST_F(ArcSealingTest, says_of_a_chain_that_this_host_broke_what_held_when_it_came_in) {
  found.arc.status = ArcStatus::fail;
  found.arc.instance = 2;
  found.arc.seals_hold = true;
  found.arc.sealers = {{1, "first.example", "s", ""}, {2, "second.example", "s", ""}};
  found.arc.reason = "AMS i=2: body hash did not verify";
  arrival = {arrived("arc", "pass")};
  arrival[0].properties = {{"header", "oldest-pass", "1"},
                           {"policy", "sealers", "second.example,first.example"}};
  EXPECT_EQ(judged(),
            "service arc_sealing.sealed: i=3 cv=pass by d=ours.example s=arc: client 203.0.113.9 "
            "is from outside; the chain held when the mail came in, and this host changed it: AMS "
            "i=2: body hash did not verify; ");
  EXPECT_NE(edits.at(0).value.find("cv=pass"), std::string::npos) << edits[0].value;
  EXPECT_NE(
      unfold(edits.at(2).value)
          .find("arc=pass header.oldest-pass=1 policy.sealers=\"second.example,first.example\""),
      std::string::npos)
      << edits[2].value;

  // It must have held, be the same chain, and its seals must hold still.
  const auto is_sealed_as_failed = [&] {
    (void)judged();
    return edits.at(0).value.find("cv=fail") != std::string::npos;
  };
  arrival[0].result = "fail";
  EXPECT_TRUE(is_sealed_as_failed());
  arrival[0].result = "pass";
  arrival[0].properties[1].value = "first.example";
  EXPECT_TRUE(is_sealed_as_failed());
  arrival[0].properties[1].value = "second.example,first.example";
  EXPECT_FALSE(is_sealed_as_failed());

  // Another host of ours received it first, and broke it before it came here.
  arrival.insert(arrival.begin(), arrived("arc", "fail"));
  EXPECT_FALSE(is_sealed_as_failed());
  found.arc.seals_hold = false;
  EXPECT_TRUE(is_sealed_as_failed());
}

TEST_F(ArcSealingTest, seals_as_the_configuration_says) {
  config.arc_sealing.seal = SealWhen::never;
  EXPECT_EQ(rules(), "");
  config.arc_sealing.seal = SealWhen::always;
  envelope.origin = Origin::submission;
  EXPECT_EQ(judged(),
            "service arc_sealing.sealed: i=1 cv=none by d=ours.example s=arc: "
            "arc_sealing.seal is always; ");
  config.arc_sealing.seal = SealWhen::forwarded;
  EXPECT_EQ(rules(), "");
}

TEST_F(ArcSealingTest, leaves_chains_alone_that_nobody_may_continue) {
  found.arc.status = ArcStatus::fail;
  found.arc.instance = 3;
  found.arc.ended = true;
  EXPECT_EQ(judged(),
            "advice arc_sealing.not-sealed: the chain has ended: the seal i=3 says "
            "cv=fail; ");
  found.arc = {};
  found.arc.status = ArcStatus::pass;
  found.arc.instance = 50;
  EXPECT_EQ(judged(),
            "advice arc_sealing.not-sealed: the newest ARC field says i=50, and more are "
            "not allowed; ");
}

TEST_F(ArcSealingTest, keeps_the_one_set_of_a_message_that_comes_by_twice) {
  found.arc.status = ArcStatus::pass;
  found.arc.instance = 2;
  found.arc.sealers = {{1, "other.example", "s", ""}, {2, "ours.example", "arc", ""}};
  EXPECT_EQ(judged(), "advice arc_sealing.not-sealed: the newest set, i=2, is ours and holds; ");
  found.arc.sealers.back().selector = "other";
  EXPECT_EQ(rules(), "sealed");
}

TEST_F(ArcSealingTest, says_when_no_key_is_for_the_message) {
  keys = SealingKeys();
  EXPECT_EQ(judged(),
            "advice arc_sealing.not-sealed: no entry of arc_sealing.keys is for this "
            "recipient and listener; add an entry without recipients and listeners: it "
            "is for all others");
}

TEST_F(ArcSealingTest, cannot_seal_a_header_that_was_not_kept) {
  authenticated = false;
  header_overflow = true;
  EXPECT_EQ(judged(),
            "advice arc_sealing.not-sealed: the header is beyond the bounds of "
            "limits.header_octets and limits.header_fields: what is not kept cannot be "
            "signed; ");
}

TEST_F(ArcSealingTest, waits_when_nobody_knows_whether_the_chain_holds) {
  found.arc.status = ArcStatus::temp_error;
  found.arc.reason = "AS i=1: the key could not be looked up";
  EXPECT_EQ(judged(),
            "violation 451 4.7.5 arc_sealing.temporary: the ARC chain could not be validated: AS "
            "i=1: the key could not be looked up; it is tried again; with arc_sealing.on_error: "
            "accept such mail leaves without a seal (defer)");
  config.arc_sealing.on_error = OnError::accept;
  EXPECT_EQ(rules(), "temporary(advice)");
  // A name server that says nothing does not spare a message what is owed to it besides.
  config.arc_sealing.rescue = Rescue::refuse;
  found.dkim.clear();
  EXPECT_EQ(rules(), "temporary(advice) spf-only");
  keys = SealingKeys();  // and nothing waits for a seal that nobody would make
  EXPECT_EQ(rules(), "not-sealed(advice) spf-only");
}

TEST_F(ArcSealingTest, does_not_sign_more_fields_than_readers_take) {
  for (int i = 0; i < 500; ++i) header += "DKIM-Signature: v=1\n";
  EXPECT_EQ(judged(),
            "advice arc_sealing.not-sealed: 513 header fields would have to be signed, and readers "
            "take 500; ");
}

TEST_F(ArcSealingTest, warns_of_what_will_be_changed_on_the_way) {
  scanned.eight_bit_at = 3;
  EXPECT_EQ(rules(), "sealed fragile(advice)");
  envelope.eight_bit_mime = true;
  EXPECT_EQ(rules(), "sealed");
  scanned.longest_line = 1200;
  scanned.longest_line_at = 7;
  EXPECT_EQ(findings().at(1).evidence,
            "the seal will not hold: line 7 of the body has 1200 octets and will be broken in two");
  header += "References: <" + std::string(1000, 'a') + "@x>\n";
  EXPECT_EQ(
      findings().at(1).evidence,
      "the seal will not hold: a line of References has 1016 octets and will be broken in two");
}

// ---- What no seal can mend ----------------------------------------------------------------------

constexpr std::string_view refused =
    " -> 554 5.7.1 Your message was rejected due to shop.example's DMARC policy";

class ArcRescueTest : public ArcSealingTest {
 protected:
  ArcRescueTest() {
    config.arc_sealing.seal = SealWhen::never;
    config.arc_sealing.rescue = Rescue::refuse;
    found.dkim.clear();
  }
};

TEST_F(ArcRescueTest, tells_the_author_who_relies_on_spf_alone) {
  EXPECT_EQ(judged(),
            fmt::format(
                "violation 550 5.7.1 arc_sealing.spf-only: no seal helps against p=reject of "
                "shop.example where the sealer is not trusted; no signature of shop.example is "
                "there, and SPF speaks of the envelope sender of the host that hands the mail on; "
                "the postmaster of shop.example has to sign with d=shop.example; SRS does not help "
                "DMARC{} (reject)",
                refused));
  dkim(DkimStatus::pass, "esp.example");
  EXPECT_EQ(rules(), "spf-only");
}

TEST_F(ArcRescueTest, tells_that_a_signature_was_broken_on_this_host) {
  arrival = {arrived("dkim", "pass"), arrived("dmarc", "pass")};
  arrival[0].properties = {{"header", "d", "shop.example"}, {"header", "s", "sel"}};
  dkim(DkimStatus::fail, "shop.example", "body hash did not verify");
  EXPECT_EQ(judged(),
            fmt::format(
                "violation 550 5.7.1 arc_sealing.dkim-broken: no seal helps against p=reject of "
                "shop.example where the sealer is not trusted; the signature d=shop.example s=sel "
                "passed when the mail came in and fails now (body hash did not verify): it was "
                "changed on this host; let nothing on this host change the subject or the body of "
                "mail that it forwards (footers, tags, virus scanners, re-encoding){} (reject)",
                refused));
}

TEST_F(ArcRescueTest, does_not_blame_this_host_for_what_came_in_broken) {
  arrival = {arrived("dkim", "fail"), arrived("dmarc", "fail")};
  arrival[1].reason = "no SPF or DKIM pass is aligned with shop.example";
  dkim(DkimStatus::fail, "shop.example", "body hash did not verify");
  EXPECT_EQ(judged(),
            fmt::format(
                "violation 550 5.7.1 arc_sealing.failed-before: no seal helps against p=reject of "
                "shop.example where the sealer is not trusted; it failed DMARC when it came in: no "
                "SPF or DKIM pass is aligned with shop.example; do not forward such mail (have "
                "port 25 refuse what fails the policy of its author){} (reject)",
                refused));
  arrival.clear();
  EXPECT_EQ(findings().front().fix,
            "set arrival.covered to learn whether it was broken on this host");
  EXPECT_EQ(rules(), "dkim-broken");
}

TEST_F(ArcRescueTest, does_what_the_configuration_says) {
  config.arc_sealing.rescue = Rescue::hold;
  EXPECT_EQ(findings().front().wish, Disposition::quarantine);
  config.arc_sealing.rescue = Rescue::let_go;
  EXPECT_EQ(rules(), "spf-only(advice)");
  EXPECT_EQ(findings().front().prediction, refused.substr(4));
}

TEST_F(ArcRescueTest, has_nothing_to_say_where_dmarc_does_no_harm) {
  envelope.origin = Origin::submission;
  EXPECT_EQ(rules(), "");  // the business of alignment
  envelope.origin = Origin::forwarded;
  zone = R"({"_dmarc.shop.example": {"TXT": ["v=DMARC1; p=none"]}})";
  EXPECT_EQ(rules(), "");
  zone = "{}";
  EXPECT_EQ(rules(), "");
  zone = R"({"_dmarc.shop.example": {"TXT": ["v=DMARC1; p=reject"]}})";
  dkim(DkimStatus::pass, "shop.example");
  EXPECT_EQ(rules(), "");
}

}  // namespace
}  // namespace icm
