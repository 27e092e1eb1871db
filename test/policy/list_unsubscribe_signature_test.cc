// SPDX-License-Identifier: Apache-2.0
#include "test/policy/authentication_fixture.h"

namespace icm {
namespace {

constexpr std::string_view fix =
    "; sign with d=shop.example and name List-Unsubscribe and List-Unsubscribe-Post in h= (RFC "
    "8058 "
    "section 4; OpenDKIM: SignHeaders *,+List-Unsubscribe,+List-Unsubscribe-Post)";

// A newsletter with both fields, as they should be.
class UnsubscribeSignatureTest : public AuthenticationTest {
 protected:
  UnsubscribeSignatureTest() : AuthenticationTest(make_list_unsubscribe) {
    mail_class = MailClass::bulk;
    header +=
        "List-Unsubscribe: <https://shop.example/u/1>, <mailto:u@shop.example?subject=1>\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n";
  }

  static std::string refused(std::string_view code, std::string_view evidence) {
    return fmt::format("violation 550 {} list_unsubscribe.not-signed: {}{}", code, evidence, fix);
  }
};

TEST_F(UnsubscribeSignatureTest, has_nothing_to_say_of_fields_that_a_good_signature_covers) {
  dkim(DkimStatus::fail, "esp.example", "body hash did not verify");
  dkim(DkimStatus::pass, "mail.shop.example");
  EXPECT_EQ(judged(), "");
}

TEST_F(UnsubscribeSignatureTest, asks_that_h_names_both_fields_whole) {
  dkim(DkimStatus::pass, "shop.example").tags->fields = {"from", "list-unsubscribe"};
  EXPECT_EQ(judged(), refused("5.7.21",
                              "the DKIM signature s=sel d=shop.example does not cover "
                              "List-Unsubscribe-Post"));
  found.dkim[0].tags->fields = {"from", "list-unsubscribe-post"};
  EXPECT_EQ(
      judged(),
      refused("5.7.21", "the DKIM signature s=sel d=shop.example does not cover List-Unsubscribe"));
  found.dkim[0].tags->fields = {"from", "list"};
  EXPECT_EQ(judged(), refused("5.7.21",
                              "the DKIM signature s=sel d=shop.example does not cover "
                              "List-Unsubscribe and List-Unsubscribe-Post"));
}

TEST_F(UnsubscribeSignatureTest, asks_that_the_signature_passes_and_is_of_the_author) {
  EXPECT_EQ(judged(), refused("5.7.20", "there is no DKIM-Signature"));
  dkim(DkimStatus::fail, "esp.example", "signature did not verify");
  EXPECT_EQ(judged(),
            refused("5.7.20", "no DKIM signature of shop.example passes: s=sel d=esp.example"));
  found.dkim[0].status = DkimStatus::pass;
  EXPECT_EQ(judged(), refused("5.7.22",
                              "the DKIM signature that covers the fields (s=sel d=esp.example) is "
                              "not of shop.example"));
  dkim(DkimStatus::fail, "shop.example", "body hash did not verify");
  EXPECT_EQ(judged(), refused("5.7.20",
                              "the DKIM signature that covers the fields (s=sel d=shop.example) "
                              "does not pass: body hash did not verify"));
  dkim(DkimStatus::pass, "shop.example").tags->fields = {"from", "list-unsubscribe"};
  EXPECT_EQ(rules(), "not-signed");
  EXPECT_EQ(findings()[0].reply.enhanced, "5.7.21");
}

TEST_F(UnsubscribeSignatureTest, says_nothing_of_what_is_not_known) {
  header_overflow = true;
  EXPECT_EQ(judged(), "");
  header_overflow = false;
  authenticated = false;
  EXPECT_EQ(judged(), "");
  authenticated = true;
  dkim(DkimStatus::temp_error, "shop.example", "TXT sel._domainkey.shop.example: temporary");
  EXPECT_EQ(judged(), "");
}

TEST_F(UnsubscribeSignatureTest, leaves_missing_fields_and_other_mail_to_other_rules) {
  mail_class = MailClass::discussion;
  EXPECT_EQ(judged(), "");
  mail_class = MailClass::bulk;
  header =
      "From: Ann Lee <ann@shop.example>\nList-Unsubscribe: <https://shop.example/u/1>, "
      "<mailto:u@shop.example>\n";
  EXPECT_EQ(rules(), "post-missing");
}

// RFC 8463 Appendix A, its RSA signature, which libopendkim finds good; our result is the test's.
TEST_F(UnsubscribeSignatureTest, disputes_a_failure_that_libopendkim_does_not_confirm) {
  zone =
      R"({"test._domainkey.football.example.com": {"TXT": ["v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"]}})";
  header += R"(DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
)";
  const std::size_t own = header.find("From: Ann");
  header.replace(own, header.find('\n', own) - own, "From: Joe SixPack <joe@football.example.com>");
  const std::size_t subject = header.find("Subject: Hello");
  header.replace(subject, 14,
                 "To: Suzie Q <suzie@shopping.example.net>\nSubject: Is dinner ready?\n"
                 "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\n"
                 "Message-ID: <20030712040037.46341.5F8J@football.example.com>");
  body = "Hi.\n\nWe lost the game.  Are you hungry yet?\n\nJoe.\n";
  ask_libraries = true;
  DkimResult& judged_bad =
      dkim(DkimStatus::fail, "football.example.com", "signature did not verify");
  judged_bad.selector = judged_bad.tags->selector = "test";
  judged_bad.key_bits = 1024;
  EXPECT_EQ(findings()[0].disputed, "libopendkim says pass");
  config.authentication.enforce_disputed = true;
  EXPECT_EQ(findings()[0].disputed, "");
  EXPECT_TRUE(findings()[0].evidence.ends_with("did not verify (libopendkim says pass)"));
}

}  // namespace
}  // namespace icm
