// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/dkim.h"

#include <gtest/gtest.h>

#include "policy/dns/zone_resolver.h"
#include "test/policy/auth/rfc8463_message.h"
#include "test/support/mail_text.h"

namespace icm {
namespace {

std::vector<DkimResult> judge(std::string_view message, std::string_view zone, WallTime now = {}) {
  auto resolver = ZoneResolver::parse(zone);
  EXPECT_TRUE(resolver);
  KeyDirectory keys(*resolver);
  const MailText mail = mail_text(message);
  BodyHashes hashes;
  DkimVerifier verifier(mail.headers, keys, hashes);
  for (const char c : mail.body) hashes.feed(std::string_view(&c, 1));
  hashes.finish();
  return verifier.finish(now, Deadline::in(std::chrono::seconds{60}));
}

std::string with(std::string_view from, std::string_view to) {
  std::string message(rfc8463_message);
  message.replace(message.find(from), from.size(), to);
  return message;
}

TEST(Dkim, verifies_both_signatures_of_rfc_8463) {
  const auto results = judge(rfc8463_message, rfc8463_keys);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].status, DkimStatus::pass) << results[0].reason;
  EXPECT_EQ(results[0].selector, "brisbane");
  EXPECT_EQ(results[1].status, DkimStatus::pass) << results[1].reason;
  EXPECT_EQ(results[1].key_bits, 1024);
}

TEST(Dkim, knows_how_far_a_signature_covers_a_field) {
  const MailText mail = mail_text(rfc8463_message);
  const auto results = judge(rfc8463_message, rfc8463_keys);
  EXPECT_TRUE(results[0].coverage(mail.headers, "From").whole());
  EXPECT_TRUE(results[0].coverage(mail.headers, "From").oversigned());
  EXPECT_TRUE(results[0].coverage(mail.headers, "To").whole());
  EXPECT_FALSE(results[0].coverage(mail.headers, "To").oversigned());
  EXPECT_FALSE(results[0].coverage(mail.headers, "Reply-To").whole());
}

TEST(Dkim, tells_a_changed_body_from_a_changed_header) {
  EXPECT_EQ(judge(with("lost", "won"), rfc8463_keys)[0].reason, "body hash did not verify");
  EXPECT_EQ(judge(with("dinner", "supper"), rfc8463_keys)[0].reason, "signature did not verify");
  EXPECT_EQ(judge(with("From: Joe", "From: x@evil.example\nFrom: Joe"), rfc8463_keys)[0].status,
            DkimStatus::fail);
  EXPECT_EQ(judge(with("game.  Are", "game. Are"), rfc8463_keys)[0].status, DkimStatus::pass);
}

// RFC 2045 §6.8 demands it; libopendkim and Mail::DKIM do without in b= alone.
TEST(Dkim, reads_a_signature_without_padding_but_no_body_hash_or_key) {
  EXPECT_EQ(judge(with("Q1Dw==", "Q1Dw"), rfc8463_keys)[0].status, DkimStatus::pass);
  EXPECT_EQ(judge(with("Q1Dw==", "Q1Dw="), rfc8463_keys)[0].status, DkimStatus::pass);
  EXPECT_EQ(judge(with("Q1Dw==", "Q1Dw==="), rfc8463_keys)[0].reason, "b= is no base64");
  EXPECT_EQ(judge(with("JVOzv8=", "JVOzv8"), rfc8463_keys)[0].reason, "bh= is no base64");
}

TEST(Dkim, tries_one_key_whatever_the_time_and_more_as_long_as_there_is_some) {
  auto resolver = ZoneResolver::parse(
      R"({"brisbane._domainkey.football.example.com": {"TXT": [
        "v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]}})");
  ASSERT_TRUE(resolver);
  KeyDirectory keys(*resolver);
  const MailText mail = mail_text(rfc8463_message);
  const auto first_of = [&](Deadline deadline) {
    BodyHashes hashes;
    DkimVerifier verifier(mail.headers, keys, hashes);
    hashes.feed(mail.body);
    hashes.finish();
    return verifier.finish({}, deadline)[0];
  };
  EXPECT_EQ(first_of(Deadline::in(std::chrono::hours{1})).status, DkimStatus::pass);
  const DkimResult late = first_of(Deadline::in({}));
  EXPECT_EQ(late.status, DkimStatus::temp_error);
  EXPECT_EQ(late.reason, "out of time before all 2 keys were tried");
}

TEST(Dkim, says_why_a_signature_can_never_verify) {
  struct Case {
    std::string_view from, to, reason;
  };
  for (const auto& [from, to, reason] : {
           Case{"v=1; a=ed", "v=2; a=ed", R"(v= expected 1, got "2")"},
           Case{"v=1; a=ed25519-sha256", "v=1; a=rsa-sha1",
                "a= rsa-sha1 must not be used any more (RFC 8301 section 3.1)"},
           Case{"v=1; a=ed25519-sha256", "v=1; a=rsa-sha256",
                "a=rsa-sha256 does not fit the ed25519 key"},
           Case{"v=1; ", "", "v= is missing"},
           Case{"c=relaxed/relaxed;", "c=relaxed/odd;",
                R"(c= expected simple or relaxed, got "relaxed/odd")"},
           Case{"h=from : to :\n", "h=to :\n", "signature did not verify"},
           Case{"i=@football.example.com;", "i=@example.com;", "i= is not at or below d="},
           Case{"q=dns/txt", "q=dns/new", "q= does not name dns/txt"},
           Case{"t=1528637909;", "t=1528637909; x=1528637908;", "x= is not later than t="},
           Case{"t=1528637909;", "t=1528637909; t=1;", "tag t occurs twice"},
           Case{"t=1528637909;", "t=soon;", "t= is no number"},
           Case{"t=1528637909;", "l=9999;", "l= is larger than the body"},
           Case{"s=brisbane", "s=perth", "no key at perth._domainkey.football.example.com"},
           Case{"bh=2jUSOH9", "bh=!", "bh= is no base64"},
       }) {
    const auto results = judge(with(from, to), rfc8463_keys);
    EXPECT_NE(results[0].status, DkimStatus::pass) << to;
    EXPECT_EQ(results[0].reason, reason) << to;
  }
}

TEST(Dkim, tells_a_key_that_is_gone_from_one_that_could_not_be_fetched) {
  struct Case {
    std::string_view record;
    DkimStatus status;
    std::string_view reason;
  };
  constexpr std::string_view name = "brisbane._domainkey.football.example.com";
  for (const auto& [record, status, reason] : {
           Case{R"("TIMEOUT")", DkimStatus::temp_error,
                "TXT brisbane._domainkey.football.example.com: temporary (TIMEOUT in the zone "
                "file)"},
           Case{R"("v=DKIM1; p=")", DkimStatus::perm_error,
                "key at brisbane._domainkey.football.example.com: the key has been revoked (p= is "
                "empty)"},
           Case{R"("k=ed25519; v=DKIM1; p=AAAA")", DkimStatus::perm_error,
                "key at brisbane._domainkey.football.example.com: v= is not the first tag"},
           Case{R"("k=ed25519; p=AAAA")", DkimStatus::perm_error,
                "key at brisbane._domainkey.football.example.com: expected 32 octets of ed25519 "
                "key, got 3"},
           Case{R"("k=ed25519; s=web; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")",
                DkimStatus::perm_error,
                "key at brisbane._domainkey.football.example.com: s= does not allow email"},
           Case{R"("k=ed25519; h=sha1; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")",
                DkimStatus::perm_error,
                "key at brisbane._domainkey.football.example.com: h= does not allow sha256"},
           Case{R"("k=ed25519; t=s:y; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")",
                DkimStatus::pass, ""},
       }) {
    const auto results =
        judge(rfc8463_message, fmt::format(R"({{"{}": {{"TXT": [{}]}}}})", name, record));
    EXPECT_EQ(results[0].status, status) << record;
    EXPECT_EQ(results[0].reason, reason) << record;
  }
}

TEST(Dkim, honours_the_expiry_of_a_signature) {
  // The signature is broken by the added tag, so only the order of judgements is seen here.
  const std::string message = with("t=1528637909;", "t=1528637909; x=1528637999;");
  EXPECT_EQ(judge(message, rfc8463_keys, *parse_time("@1528638000"))[0].reason,
            "signature has expired (x=)");
  EXPECT_EQ(judge(message, rfc8463_keys, *parse_time("@1528637999"))[0].reason,
            "signature did not verify");
}

TEST(Dkim, bounds_the_number_of_signatures) {
  std::string message;
  for (int i = 0; i < 40; ++i) message += "DKIM-Signature: v=1; a=rsa-sha256\n";
  const auto results = judge(message + "From: a@example.com\n\n", "{}");
  ASSERT_EQ(results.size(), 40u);
  EXPECT_EQ(results[15].reason, "b= is missing");
  EXPECT_EQ(results[16].status, DkimStatus::neutral);
}

}  // namespace
}  // namespace icm
