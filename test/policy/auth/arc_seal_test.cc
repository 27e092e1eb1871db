// SPDX-License-Identifier: Apache-2.0
//
// What a set of ours says (RFC 8617 §5.1): results, signed fields, and what is refused.
#include "policy/auth/arc_seal.h"

#include <gtest/gtest.h>

#include "test/policy/auth/arc_fixture.h"

namespace icm {
namespace {

std::string collected(std::string_view fields) {
  return collect_results(mail_text(fields).headers, "mx.example.org");
}

Result<ArcSetValues> seal(const MailText& mail, std::vector<std::string> fields) {
  return make_arc_set(mail.headers, {}, {}, "none", sha256(""),
                      {.key = arc_key(),
                       .domain = "example.org",
                       .selector = "s",
                       .authserv_id = "mx.example.org",
                       .timestamp = 12345,
                       .fields = std::move(fields)});
}

TEST(ArcResults, are_all_of_our_own_in_their_order) {
  EXPECT_EQ(collected("Authentication-Results: mx.example.org; spf=pass\n"
                      "Authentication-Results: mx.example.net; spf=fail\n"
                      "AUTHENTICATION-RESULTS: MX.Example.ORG 1; dkim=pass;\n"
                      "Authentication-Results: \"mx.example.org\"; dmarc=pass; arc=none\n"),
            "spf=pass; dkim=pass; dmarc=pass; arc=none");
}

TEST(ArcResults, say_none_where_nobody_said_more) {
  EXPECT_EQ(collected("Authentication-Results: mx.example.org; none\n"), "none");
  EXPECT_EQ(collected("Authentication-Results: mx.example.org; none\n"
                      "Authentication-Results: mx.example.org; spf=pass\n"),
            "spf=pass");
  EXPECT_EQ(collected("Subject: spf=pass\n"), "none");
}

TEST(ArcResults, lose_their_folds_but_not_their_comments) {
  EXPECT_EQ(collected("Authentication-Results:\n\t(c;1) mx.example.org;\n"
                      "  spf=pass (by\n\tmany  words)\n smtp.mailfrom=a@b.example ;\n"),
            "spf=pass (by many words) smtp.mailfrom=a@b.example");
}

TEST(ArcResults, have_no_word_that_no_line_can_hold_and_no_fold_behind_a_backslash) {
  EXPECT_EQ(collected("Authentication-Results: mx.example.org; spf=pass; dkim=pass header.d=" +
                      std::string(2000, 'a') + "\n"),
            "spf=pass; dkim=pass");
  EXPECT_EQ(collected("Authentication-Results: mx.example.org; spf=pass reason=\"a\\ b\\\"c\"\n"),
            "spf=pass reason=\"a b\\\"c\"");
}

TEST(ArcSigned, names_the_given_fields_in_their_order) {
  const auto set = seal(mail_text(arc_plain), {"To", "x-absent", "FROM", "from", "to"});
  ASSERT_TRUE(set);
  EXPECT_NE(set->message.find("h=to:x-absent:from:from:to;"), std::string::npos) << set->message;
  EXPECT_EQ(set->results, "i=1; mx.example.org; none");
  EXPECT_TRUE(set->seal.starts_with("i=1; a=rsa-sha256; t=12345; cv=none;")) << set->seal;
}

TEST(ArcSigned, is_no_seal_and_no_nonsense) {
  const MailText mail = mail_text(arc_plain);
  EXPECT_EQ(seal(mail, {"from", "ARC-Seal"}).error().text,
            "h=: ARC-Seal must not be signed (RFC 8617 section 4.1.2)");
  EXPECT_EQ(seal(mail, {"from", ""}).error().text, "h=: expected the name of a field, got \"\"");
  EXPECT_EQ(seal(mail, {"from;b"}).error().text,
            "h=: expected the name of a field, got \"from;b\"");
  EXPECT_EQ(seal(mail, {"from to"}).error().text,
            "h=: expected the name of a field, got \"from to\"");
}

// RFC 8617 §5.1.2: as if the newest set was the only one.
TEST(ArcSigned, covers_its_own_set_alone_when_the_chain_is_broken) {
  const MailText mail = mail_text(arc_plain);
  ArcResult broken;
  broken.status = ArcStatus::fail;
  broken.instance = 7;
  const auto set = make_arc_set(mail.headers, {}, broken, "none", sha256(""),
                                {.key = arc_key(),
                                 .domain = "example.org",
                                 .selector = "s",
                                 .authserv_id = "x",
                                 .fields = {}});
  ASSERT_TRUE(set);
  EXPECT_EQ(set->instance, 8);
  const auto tags = parse_arc_seal(set->seal);
  ASSERT_TRUE(tags);
  EXPECT_EQ(tags->cv, ChainValue::fail);
  std::string scope;
  append_canonical_header(scope, {arc_results_field, set->results}, Canonicalization::relaxed);
  append_canonical_header(scope, {arc_message_field, set->message}, Canonicalization::relaxed);
  append_canonical_header(scope, {arc_seal_field, without_signature(set->seal)},
                          Canonicalization::relaxed);
  scope.resize(scope.size() - 2);
  EXPECT_TRUE(arc_key().public_key().verifies(sha256(scope), tags->signature));
}

}  // namespace
}  // namespace icm
