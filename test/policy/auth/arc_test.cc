// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/auth/arc_chain.h"
#include "policy/auth/arc_seal.h"
#include "policy/dns/zone_resolver.h"
#include "test/support/mail_text.h"

namespace icm {
namespace {

constexpr std::string_view message =
    R"(Authentication-Results: lists.example.org; spf=pass smtp.mailfrom=a@d1.example;
 dkim=pass (1024-bit key) header.i=@d1.example
Authentication-Results: other.example; dmarc=fail
Authentication-Results: lists.example.org; dmarc=pass
MIME-Version: 1.0
Received: from a by b; Fri, 11 Jul 2003 21:00:37 -0700
From: John <a@d1.example>
To: arc@dmarc.example
Subject: Example 1

Hey gang,
This is a test message.
--J.
)";

const PrivateKey& key() {
  static const PrivateKey made = *PrivateKey::generate(KeyType::rsa, 2048);
  return made;
}

ZoneResolver zone() {
  return *ZoneResolver::parse(
      fmt::format(R"({{"s._domainkey.example.org": {{"TXT": ["v=DKIM1; p={}"]}},
                                              "slow._domainkey.example.org": {{"TXT": ["TIMEOUT"]}}}})",
                  to_base64(key().public_octets())));
}

struct Judged {
  ArcResult result;
  ArcHeaders sets;
  Sha256Digest body_hash{};
};

Judged judge(const MailText& mail) {
  ZoneResolver resolver = zone();
  KeyDirectory keys(resolver);
  BodyHashes hashes;
  ArcVerifier verifier(mail.headers, keys, hashes);
  const std::size_t ticket = hashes.want(Canonicalization::relaxed, std::nullopt);
  hashes.feed(mail.body);
  hashes.finish();
  const auto deadline = Deadline::in(std::chrono::seconds{60});
  Judged judged{.result = verifier.finish(deadline), .sets = verifier.sets()};
  judged.result.seals_hold = verifier.seals_outlive_change(deadline);
  judged.body_hash = hashes.digest(ticket);
  return judged;
}

Result<ArcSetValues> next_set(const MailText& mail, std::string selector = "s",
                              std::vector<std::string> fields = {}) {
  const Judged judged = judge(mail);
  return make_arc_set(mail.headers, judged.sets, judged.result,
                      collect_results(mail.headers, "lists.example.org"), judged.body_hash,
                      {.key = key(),
                       .domain = "example.org",
                       .selector = std::move(selector),
                       .authserv_id = "lists.example.org",
                       .timestamp = 12345,
                       .fields = std::move(fields)});
}

void put_on_top(MailText& mail, const ArcSetValues& set) {
  HeaderList headers;
  headers.add("ARC-Seal", " " + set.seal);
  headers.add("ARC-Message-Signature", " " + set.message);
  headers.add("ARC-Authentication-Results", " " + set.results);
  for (std::size_t i = 0; i < mail.headers.size(); ++i)
    headers.add(mail.headers[i].name, mail.headers[i].value);
  mail.headers = std::move(headers);
}

MailText sealed(int times) {
  MailText mail = mail_text(message);
  for (int i = 0; i < times; ++i) put_on_top(mail, *next_set(mail));
  return mail;
}

// Replaces text in every field of one name.
MailText changed(const MailText& mail, std::string_view name, std::string_view from,
                 std::string_view to) {
  MailText result{.headers = {}, .body = mail.body};
  for (std::size_t i = 0; i < mail.headers.size(); ++i) {
    std::string value(mail.headers[i].value);
    const auto at = mail.headers[i].name == name ? value.find(from) : std::string::npos;
    if (at != std::string::npos) value.replace(at, from.size(), to);
    result.headers.add(mail.headers[i].name, value);
  }
  return result;
}

TEST(Arc, has_no_chain_without_a_field) {
  EXPECT_EQ(judge(mail_text(message)).result.status, ArcStatus::none);
}

TEST(Arc, seals_and_validates_chains_up_to_the_limit) {
  for (const int length : {1, 2, 3}) {
    const ArcResult result = judge(sealed(length)).result;
    EXPECT_EQ(result.status, ArcStatus::pass) << result.reason;
    EXPECT_EQ(result.instance, length);
    EXPECT_EQ(result.oldest_pass, 0);
    EXPECT_EQ(result.sealers.back(), (ArcSealer{length, "example.org", "s", "pass"}));
  }
  const MailText full = sealed(50);
  EXPECT_EQ(judge(full).result.status, ArcStatus::pass);
  EXPECT_EQ(next_set(full).error().text, "the chain stands at 50 sets, no more are allowed");
}

TEST(Arc, copies_our_own_results_in_their_order) {
  EXPECT_EQ(collect_results(mail_text(message).headers, "lists.example.org"),
            "spf=pass smtp.mailfrom=a@d1.example; dkim=pass (1024-bit key) header.i=@d1.example; "
            "dmarc=pass");
  EXPECT_EQ(collect_results(mail_text(message).headers, "nobody.example"), "none");
  const MailText odd =
      mail_text("Authentication-Results: x.example; dkim=fail (a;\"b) reason=\"c;d\";\n\n");
  EXPECT_EQ(collect_results(odd.headers, "x.example"), "dkim=fail reason=\"c;d\"");
  EXPECT_EQ(next_set(mail_text(message))->results,
            "i=1; lists.example.org; spf=pass\r\n smtp.mailfrom=a@d1.example; dkim=pass (1024-bit "
            "key) header.i=@d1.example;\r\n dmarc=pass");
}

TEST(Arc, signs_fields_once_more_than_they_occur_and_never_results) {
  const auto fields = sealed_fields(mail_text(message).headers);
  EXPECT_EQ(std::ranges::count(fields, "from"), 2);
  EXPECT_EQ(std::ranges::count(fields, "cc"), 1);
  EXPECT_EQ(std::ranges::count(fields, "authentication-results"), 0);
  EXPECT_EQ(std::ranges::count(fields, "received"), 0);
}

TEST(Arc, takes_the_given_fields_literally) {
  const auto set =
      next_set(mail_text(message), "s", {"mime-version", "From", "arc-authentication-results"});
  EXPECT_NE(set->message.find("h=mime-version:from:arc-authentication-results;"), std::string::npos)
      << set->message;
  MailText mail = mail_text(message);
  put_on_top(mail, *set);
  EXPECT_EQ(judge(mail).result.status, ArcStatus::pass);
}

TEST(Arc, is_deterministic_for_a_timestamp) {
  EXPECT_EQ(next_set(mail_text(message))->seal, next_set(mail_text(message))->seal);
}

TEST(Arc, sees_every_change) {
  const MailText mail = sealed(2);
  struct Case {
    std::string_view name, from, to, reason;
  };
  for (const auto& [name, from, to, reason] : {
           Case{"Subject", "Example", "Changed", "AMS i=2: signature did not verify"},
           Case{"ARC-Authentication-Results", "dmarc=pass", "dmarc=fail",
                "AS i=2: signature did not verify"},
           Case{"ARC-Seal", "cv=none", "cv=pass", "i=1 says cv=pass, expected none"},
           Case{"ARC-Seal", "cv=pass", "cv=fail", "i=2 says cv=fail"},
           Case{"ARC-Seal", "i=2", "i=3", "i=2 of 3 is not complete"},
           Case{"ARC-Seal", "i=2", "i=1", "i=1 has two ARC-Seal fields"},
           Case{"ARC-Seal", "i=2", "i=51", "ARC-Seal: i= expected an instance from 1 to 50"},
           Case{"ARC-Seal", "a=rsa", "h=from; a=rsa", "ARC-Seal: h= must not be given in ARC-Seal"},
           Case{"ARC-Seal", "t=12345", "t=12346", "AS i=2: signature did not verify"},
           Case{"ARC-Seal", "s=s", "s=none", "no key at none._domainkey.example.org"},
           Case{"ARC-Message-Signature", "h=from", "h=arc-seal",
                "ARC-Message-Signature: h= names ARC-Seal"},
           Case{"ARC-Authentication-Results",
                "i=", "j=", "ARC-Authentication-Results: i= is not the first tag"},
       }) {
    const ArcResult result = judge(changed(mail, name, from, to)).result;
    EXPECT_EQ(result.status, ArcStatus::fail) << to;
    EXPECT_NE(result.reason.find(reason), std::string::npos) << result.reason << " / " << reason;
  }
  MailText body = mail;
  body.body += "footer\r\n";
  EXPECT_EQ(judge(body).result.reason, "AMS i=2: body hash did not verify");
}

TEST(Arc, knows_the_oldest_signature_that_still_verifies) {
  MailText mail = sealed(1);
  mail.body += "a footer of the list\r\n";
  // Somebody who trusts the change seals again; we make the set as for a chain that passed.
  Judged judged = judge(mail);
  judged.result.status = ArcStatus::pass;
  const auto set = make_arc_set(mail.headers, judged.sets, judged.result, "none", judged.body_hash,
                                {.key = key(),
                                 .domain = "example.org",
                                 .selector = "s",
                                 .authserv_id = "x.example",
                                 .fields = {}});
  put_on_top(mail, *set);
  const ArcResult result = judge(mail).result;
  EXPECT_EQ(result.status, ArcStatus::pass) << result.reason;
  EXPECT_EQ(result.oldest_pass, 2);
}

TEST(Arc, knows_whether_the_seals_outlive_a_change_of_the_message) {
  const MailText mail = sealed(2);
  EXPECT_FALSE(judge(mail).result.seals_hold);
  const ArcResult tagged = judge(changed(mail, "Subject", "Example", "[tag] Example")).result;
  EXPECT_EQ(tagged.status, ArcStatus::fail);
  EXPECT_TRUE(tagged.seals_hold);
  MailText torn = changed(mail, "ARC-Seal", "t=12345", "t=12346");
  torn.body += "footer\r\n";
  EXPECT_EQ(judge(torn).result.reason, "AMS i=2: body hash did not verify");
  EXPECT_FALSE(judge(torn).result.seals_hold);
  MailText unknown = changed(mail, "ARC-Seal", "s=s", "s=slow");
  unknown.body += "footer\r\n";
  EXPECT_FALSE(judge(unknown).result.seals_hold);
}

TEST(Arc, seals_a_broken_chain_once_and_leaves_an_ended_one_alone) {
  MailText mail = sealed(2);
  mail.body += "footer\r\n";
  const auto set = next_set(mail);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->instance, 3);
  EXPECT_NE(set->seal.find("cv=fail"), std::string::npos);
  put_on_top(mail, *set);
  EXPECT_TRUE(judge(mail).result.ended);
  EXPECT_EQ(next_set(mail).error().text, "the chain has ended: i=3 says cv=fail");
}

TEST(Arc, tells_a_slow_key_server_from_a_broken_chain) {
  const ArcResult result = judge(changed(sealed(1), "ARC-Seal", "s=s", "s=slow")).result;
  EXPECT_EQ(result.status, ArcStatus::temp_error);
  EXPECT_EQ(next_set(changed(sealed(1), "ARC-Seal", "s=s", "s=slow")).error().code,
            Code::temporary);
}

TEST(Arc, does_bounded_work_on_hostile_headers) {
  std::string many;
  for (int i = 0; i < 10000; ++i) many += "ARC-Seal: i=" + std::to_string(i) + "; a=rsa-sha256\n";
  EXPECT_EQ(judge(mail_text(many + "\n")).result.status, ArcStatus::fail);
  EXPECT_EQ(judge(mail_text("ARC-Seal: " + std::string(1000000, 'a') + "\n\n")).result.status,
            ArcStatus::fail);
}

}  // namespace
}  // namespace icm
