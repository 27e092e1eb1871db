// SPDX-License-Identifier: Apache-2.0
//
// Chains that somebody made to break us or to cost us, and the keys they name.
#include <gtest/gtest.h>

#include "test/policy/auth/arc_fixture.h"

namespace icm {
namespace {

struct Records {
  std::string records, reason;
};

TEST(ArcKeys, must_be_usable_for_mail) {
  const std::string place = "AMS i=1: key at s._domainkey.example.org: ";
  const std::string good = "\"" + arc_record() + "\"";
  for (const auto& [records, reason] : std::vector<Records>{
           {"\"v=DKIM1; p=\"", place + "the key has been revoked (p= is empty)"},
           {"", "AMS i=1: no key at s._domainkey.example.org"},
           {"\"nonsense\"", place + "expected tag=value, got \"nonsense\""},
           {"\"" + arc_record("k=ed448; ") + "\"",
            place + "k= expected rsa or ed25519, got \"ed448\""},
           {"\"" + arc_record("h=sha1; ") + "\"", place + "h= does not allow sha256"},
           {"\"" + arc_record("h=sha1:sha256; ") + "\"", ""},
           {"\"" + arc_record("s=tlsrpt; ") + "\"", place + "s= does not allow email"},
           {"\"" + arc_record("s=email; ") + "\"", ""},
           {"\"" + arc_record("t=s; ") + "\"", ""},  // there is no identity to be strict about
           {"\"" + arc_record("t=y; ") + "\"", ""},
           {"\"v=DKIM1; p=\", " + good, ""},
           {good + ", \"nonsense\"", ""},
       }) {
    const ArcResult result = judge_arc(with_texts({}), records);
    EXPECT_EQ(result.reason, reason) << records;
    EXPECT_EQ(result.status, reason.empty() ? ArcStatus::pass : ArcStatus::fail) << records;
  }
}

TEST(ArcKeys, must_not_be_too_short) {
  const PrivateKey small = *PrivateKey::generate(KeyType::rsa, 512);
  EXPECT_EQ(judge_arc(with_texts({}, small), "\"" + arc_record("", small) + "\"").reason,
            "AMS i=1: key of 512 bits is too short, 1024 are the least");
}

TEST(ArcKeys, may_be_of_another_kind) {
  const PrivateKey key = *PrivateKey::generate(KeyType::ed25519);
  ArcTexts texts;
  texts.message = replaced(texts.message, "rsa-", "ed25519-");
  texts.seal = replaced(texts.seal, "rsa-", "ed25519-");
  EXPECT_EQ(judge_arc(with_texts(texts, key), "\"" + arc_record("k=ed25519; ", key) + "\"").reason,
            "");
}

TEST(ArcOrder, does_not_matter_nor_does_the_case_of_names) {
  const MailText mail = with_texts({});
  MailText turned{.headers = {}, .body = mail.body};
  for (std::size_t i = mail.headers.size(); i-- > 0;) {
    turned.headers.add(mail.headers[i].name, mail.headers[i].value);
  }
  EXPECT_EQ(judge_arc(turned).reason, "");
  MailText upper{.headers = {}, .body = mail.body};
  upper.headers.add("arc-SEAL", mail.headers[0].value);
  upper.headers.add("ARC-MESSAGE-Signature", mail.headers[1].value);
  upper.headers.add("From", mail.headers[3].value);
  upper.headers.add("arc-authentication-results", mail.headers[2].value);
  upper.headers.add("TO", mail.headers[4].value);
  EXPECT_EQ(judge_arc(upper).reason, "");
}

TEST(ArcOrder, needs_all_three_fields) {
  const MailText mail = with_texts({});
  for (std::size_t missing = 0; missing < 3; ++missing) {
    MailText rest{.headers = {}, .body = mail.body};
    for (std::size_t i = 0; i < mail.headers.size(); ++i) {
      if (i != missing) rest.headers.add(mail.headers[i].name, mail.headers[i].value);
    }
    EXPECT_EQ(judge_arc(rest).reason, "i=1 of 1 is not complete");
  }
}

// Sets whose signatures are noise, each of its own domain.
std::string noise(int sets) {
  std::string text;
  for (int i = 1; i <= sets; ++i) {
    text += fmt::format(
        "ARC-Seal: i={0}; a=rsa-sha256; cv={1}; d=d{0}.example; s=s; b=AAAA\n"
        "ARC-Message-Signature: i={0}; a=rsa-sha256; d=m{0}.example; s=s; h=from; bh=AAAA; b=AAAA\n"
        "ARC-Authentication-Results: i={0}; x.example; none\n",
        i, i == 1 ? "none" : "pass");
  }
  return text;
}

TEST(ArcHostile, asks_for_no_key_when_the_newest_body_hash_is_wrong) {
  CountingResolver resolver("{}");
  EXPECT_EQ(judge_arc(mail_text(noise(50) + "From: a@b.example\n\n"), resolver).reason,
            "AMS i=50: body hash did not verify");
  EXPECT_EQ(resolver.queries, 0);
  EXPECT_EQ(resolver.prefetches, 10);  // two each of the newest five
}

TEST(ArcHostile, asks_for_nothing_that_cannot_pass) {
  const std::string end = "From: a@b.example\n\n";
  for (const std::string& text :
       {noise(50) + noise(1), replaced(noise(3), "cv=pass", "cv=fail"),
        replaced(noise(3), "i=3", "i=4"), replaced(noise(3), "i=2", "i=99999999999999999999"),
        replaced(noise(3), "b=AAAA", "b=A"), replaced(noise(3), "AAAA", std::string("A\0A", 3))}) {
    CountingResolver resolver("{}");
    EXPECT_EQ(judge_arc(mail_text(text + end), resolver).status, ArcStatus::fail);
    EXPECT_EQ(resolver.queries + resolver.prefetches, 0);
  }
}

TEST(ArcHostile, reads_no_more_than_fifty_sets_of_ten_thousand_fields) {
  std::string text;
  for (int i = 0; i < 10000; ++i)
    text += fmt::format("ARC-Authentication-Results: i={}; x\n", i % 50 + 1);
  CountingResolver resolver("{}");
  const ArcResult result = judge_arc(mail_text(text + "\n"), resolver);
  EXPECT_EQ(result.reason, "i=1 has two ARC-Authentication-Results fields");
  EXPECT_EQ(result.instance, 50);
  EXPECT_EQ(resolver.queries + resolver.prefetches, 0);
}

TEST(ArcHostile, bears_values_of_a_megabyte) {
  const std::string huge(1 << 20, 'a');
  for (const std::string& value :
       {" i=1; " + huge, " " + huge, " i=1" + huge, std::string(" i=1; ") + "(((" + huge,
        std::string(1 << 20, ';'), std::string(1 << 20, '(')}) {
    for (const std::string_view name : {arc_seal_field, arc_message_field, arc_results_field}) {
      MailText mail = mail_text(arc_plain);
      mail.headers.add(name, value);
      const ArcResult result = judge_arc(mail);
      EXPECT_EQ(result.status, ArcStatus::fail);
      EXPECT_LT(result.reason.size(), 400u);
    }
  }
  ArcTexts texts;
  texts.results += " reason=" + huge;
  EXPECT_EQ(judge_arc(with_texts(texts)).reason, "");
}

TEST(ArcHostile, asks_for_each_key_of_a_whole_chain_once) {
  CountingResolver resolver(
      fmt::format(R"({{"s._domainkey.example.org": {{"TXT": ["{}"]}}}})", arc_record()));
  EXPECT_EQ(judge_arc(with_texts({}), resolver).status, ArcStatus::pass);
  EXPECT_LE(resolver.queries, 2);
}

}  // namespace
}  // namespace icm
