// SPDX-License-Identifier: Apache-2.0
//
// The tags of the three fields of a set (RFC 8617 §4.1, §4.2), each in a set that is signed with
// it.
#include <gtest/gtest.h>

#include "test/policy/auth/arc_fixture.h"

namespace icm {
namespace {

struct Case {
  std::string_view from, to;
  std::string_view reason = {};  // empty: the chain passes
};

void check(std::string ArcTexts::*text, const std::vector<Case>& cases) {
  for (const auto& [from, to, reason] : cases) {
    ArcTexts texts;
    ASSERT_NE((texts.*text).find(from), std::string::npos) << from;
    (texts.*text).replace((texts.*text).find(from), from.size(), to);
    const ArcResult result = judge_arc(with_texts(texts));
    EXPECT_EQ(result.status, reason.empty() ? ArcStatus::pass : ArcStatus::fail) << to;
    EXPECT_EQ(result.reason, reason) << to;
  }
}

constexpr std::string_view bad_seal_instance = "ARC-Seal: i= expected an instance from 1 to 50";
constexpr std::string_view bad_message_instance =
    "ARC-Message-Signature: i= expected an instance from 1 to 50";
constexpr std::string_view bad_results_instance =
    "ARC-Authentication-Results: i= expected an instance from 1 to 50";

TEST(ArcTags, passes_as_the_fixture_makes_it) { check(&ArcTexts::seal, {{"", ""}}); }

TEST(ArcTags, takes_a_signature_whose_base64_is_not_filled_up) {
  const MailText mail = with_texts({});
  MailText bare{.headers = {}, .body = mail.body};
  std::string_view seal = mail.headers[0].value;
  ASSERT_TRUE(seal.ends_with("=="));
  bare.headers.add(mail.headers[0].name, seal.substr(0, seal.size() - 2));
  for (std::size_t i = 1; i < mail.headers.size(); ++i)
    bare.headers.add(mail.headers[i].name, mail.headers[i].value);
  const ArcResult result = judge_arc(bare);
  EXPECT_EQ(result.status, ArcStatus::pass) << result.reason;
}

TEST(ArcTags, reads_the_instance_of_results_before_everything_else) {
  check(&ArcTexts::results,
        {{"i=1", "i=01"},
         {" i=1;", "i=1;"},
         {"i=1", "i = 1 "},
         {"i=1", "\r\n\ti\r\n =\r\n 1\r\n "},
         {"i=1", "(a (b) \\) c) i (d) = (e) 1 (f)"},
         {"i=1", "i=001", bad_results_instance},
         {"i=1", "i=0", bad_results_instance},
         {"i=1", "i=51", bad_results_instance},
         {"i=1", "i=-1", bad_results_instance},
         {"i=1", "i=+1", bad_results_instance},
         {"i=1", "i=", bad_results_instance},
         {"i=1", "i=one", bad_results_instance},
         {"i=1", "i=99999999999999999999", bad_results_instance},
         {"i=1", "i=1x", "ARC-Authentication-Results: i= is not followed by results"},
         {"i=1; x.example; spf=pass", "i=1",
          "ARC-Authentication-Results: i= is not followed by results"},
         {"i=1", "I=1", "ARC-Authentication-Results: i= is not the first tag"},
         {"i=1; x.example;", "x.example; i=1;",
          "ARC-Authentication-Results: i= is not the first tag"},
         {"i=1; ", "", "ARC-Authentication-Results: i= is not the first tag"},
         {" i=1; x.example; spf=pass", "", "ARC-Authentication-Results: i= is not the first tag"}});
}

TEST(ArcTags, takes_any_payload_of_results) {
  check(&ArcTexts::results, {{"spf=pass", "none"},
                             {"; spf=pass", ""},
                             {"x.example; spf=pass", ""},
                             {"x.example", "\"x y\" 1"},
                             {"spf=pass", "spf=pass (gr\xc3\xbc\xc3\x9f; e)"}});
}

TEST(ArcTags, reads_the_instance_of_signature_and_seal) {
  check(&ArcTexts::seal, {{"i=1", "i=01"},
                          {"i=1", "i\t=\r\n 1"},
                          {"i=1", "i=0", bad_seal_instance},
                          {"i=1", "i=51", bad_seal_instance},
                          {"i=1", "i=001", bad_seal_instance},
                          {"i=1", "i=", bad_seal_instance},
                          {"i=1", "i=1.0", bad_seal_instance},
                          {"i=1", "i=1; i=1", "ARC-Seal: tag i occurs twice"},
                          {"i=1; ", "", "ARC-Seal: i= is missing"},
                          {"i=1", "i=2", "i=1 of 2 is not complete"}});
  check(&ArcTexts::message, {{"i=1", "i=01"},
                             {"i=1", "i=0", bad_message_instance},
                             {"i=1", "i=51", bad_message_instance},
                             {"i=1", "i=@example.org", bad_message_instance},
                             {"i=1; ", "", bad_message_instance},
                             {"i=1", "i=2", "i=1 of 2 is not complete"}});
}

TEST(ArcTags, needs_every_tag_of_a_seal_but_its_time) {
  check(&ArcTexts::seal, {{"a=rsa-sha256; ", "", "ARC-Seal: a= is missing"},
                          {"cv=none; ", "", "ARC-Seal: cv= is missing"},
                          {"d=example.org; ", "", "ARC-Seal: d= is missing"},
                          {"s=s; ", "", "ARC-Seal: s= is missing"},
                          {"; b=@b@", "", "ARC-Seal: b= is missing"},
                          {"s=s;", "s=s; t=12345;"},
                          {"s=s;", "s=s; t=soon;", "ARC-Seal: t= is no number"},
                          {"s=s;", "s=s; t=;", "ARC-Seal: t= is no number"},
                          // "Unknown tags MUST be ignored"; the seal covers them all the same.
                          {"s=s;", "s=s; zz=1; c=simple/odd; bh=no; l=x; q=foo; v=9;"},
                          {"s=s;", "s=s; h=from;", "ARC-Seal: h= must not be given in ARC-Seal"},
                          {"s=s;", "s=s; h=;", "ARC-Seal: h= must not be given in ARC-Seal"},
                          {"s=s;", "s=s; H=from;"},
                          {"a=rsa", "A=rsa", "ARC-Seal: a= is missing"}});
}

TEST(ArcTags, knows_three_chain_values) {
  check(&ArcTexts::seal,
        {{"cv=none", "cv = none "},
         {"cv=none", "cv=\r\n none\r\n "},
         {"cv=none", "cv=pass", "i=1 says cv=pass, expected none"},
         {"cv=none", "cv=fail", "i=1 says cv=fail"},
         {"cv=none", "cv=None", "ARC-Seal: cv= expected none, pass or fail, got \"None\""},
         {"cv=none", "cv=no ne", "ARC-Seal: cv= expected none, pass or fail, got \"no ne\""},
         {"cv=none", "cv=", "ARC-Seal: cv= expected none, pass or fail, got \"\""}});
}

TEST(ArcTags, knows_two_algorithms) {
  for (const auto text : {&ArcTexts::seal, &ArcTexts::message}) {
    const std::string field = text == &ArcTexts::seal ? "ARC-Seal" : "ARC-Message-Signature";
    const std::string place = text == &ArcTexts::seal ? "AS i=1" : "AMS i=1";
    const std::string odd = field + ": a= expected rsa-sha256 or ed25519-sha256, got ";
    const std::string sha1 =
        field + ": a= rsa-sha1 must not be used any more (RFC 8301 section 3.1)";
    const std::string other = place + ": a=ed25519-sha256 does not fit the rsa key";
    const std::string unknown = place + ": no key at none._domainkey.example.org";
    check(text, {{"rsa-sha256", "rsa-sha1", sha1},
                 {"rsa-sha256", "rsa-sha512", odd + "\"rsa-sha512\""},
                 {"rsa-sha256", "RSA-SHA256", odd + "\"RSA-SHA256\""},
                 {"rsa-sha256", "", odd + "\"\""},
                 {"rsa-sha256", "ed25519-sha256", other},
                 {"d=example.org", "d=EXAMPLE.org"},
                 {"s=s", "s=S"},
                 {"d=example.org", "d=", field + ": d= is no domain name"},
                 {"s=s", "s=", field + ": s= is no selector"},
                 {"s=s", "s=none", unknown}});
  }
}

TEST(ArcTags, reads_a_signature_through_its_folds_and_nothing_else) {
  ArcTexts texts;
  MailText mail = with_texts(texts);
  const auto change = [&](std::size_t field, std::string_view from, std::string_view to) {
    MailText changed{.headers = {}, .body = mail.body};
    for (std::size_t i = 0; i < mail.headers.size(); ++i) {
      std::string value(mail.headers[i].value);
      if (i == field) value.replace(value.find(from), from.size(), to);
      changed.headers.add(mail.headers[i].name, value);
    }
    return judge_arc(changed);
  };
  const std::string value(mail.headers[0].value);
  const std::string start = value.substr(value.find("b=") + 2, 8);
  EXPECT_EQ(change(0, start, "\r\n " + start.substr(0, 3) + " \t" + start.substr(3)).reason, "");
  EXPECT_EQ(change(0, start, "=" + start).reason, "ARC-Seal: b= is no base64");
  EXPECT_EQ(change(0, start, "!" + start).reason, "ARC-Seal: b= is no base64");
  EXPECT_EQ(change(0, value.substr(value.find("b=")), "b=").reason, "ARC-Seal: b= is no base64");
  EXPECT_EQ(change(0, start, "AAAAAAAA").reason, "AS i=1: signature did not verify");
  const std::string signature(mail.headers[1].value);
  EXPECT_EQ(change(1, signature.substr(signature.find("; b=")), "; b=").reason,
            "ARC-Message-Signature: b= is no base64");
}

TEST(ArcTags, needs_every_tag_of_a_message_signature_but_some) {
  const std::string_view place = "ARC-Message-Signature: ";
  const auto missing = [&](std::string_view tag) {
    return fmt::format("{}{}= is missing", place, tag);
  };
  const std::string a = missing("a"), d = missing("d"), s = missing("s"), h = missing("h"),
                    bh = missing("bh"), b = missing("b");
  check(&ArcTexts::message,
        {{"a=rsa-sha256; ", "", a},
         {"d=example.org; ", "", d},
         {"s=s; ", "", s},
         {"h=from:to; ", "", h},
         {"bh=@relaxed@; ", "", bh},
         {"; b=@b@", "", b},
         {"s=s;", "s=s; v=1;"},
         {"s=s;", "s=s; v=9; zz=1;"},
         {"s=s;", "s=s; t=1; x=2;"},
         {"s=s;", "s=s; t=;", "ARC-Message-Signature: t= is no number"},
         {"s=s;", "s=s; x=y;", "ARC-Message-Signature: x= is no number"},
         {"s=s;", "s=s; t=2; x=1;", "ARC-Message-Signature: x= is not later than t="},
         {"s=s;", "s=s; q=dns/txt;"},
         {"s=s;", "s=s; q=dns/new;", "ARC-Message-Signature: q= does not name dns/txt"},
         {"s=s;", "s=s; s=s;", "ARC-Message-Signature: tag s occurs twice"},
         {"s=s;", "s=s; nonsense;", "ARC-Message-Signature: expected tag=value, got \" nonsense\""},
         {"bh=@relaxed@", "bh=", "ARC-Message-Signature: bh= is no base64"},
         {"bh=@relaxed@", "bh=AAAA", "AMS i=1: body hash did not verify"},
         {"s=s;", "s=s; l=99999;", "AMS i=1: l= is larger than the body"},
         {"bh=@relaxed@", "l=0; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}});
}

TEST(ArcTags, hashes_header_and_body_in_the_forms_of_c) {
  check(&ArcTexts::message,
        {{"c=relaxed/relaxed; d=example.org; s=s; h=from:to; bh=@relaxed@",
          "d=example.org; s=s; h=from:to; bh=@bh@"},  // simple/simple
         {"c=relaxed/relaxed; d=example.org; s=s; h=from:to; bh=@relaxed@",
          "c=relaxed; d=example.org; s=s; h=from:to; bh=@bh@"},
         {"c=relaxed/relaxed; d=example.org; s=s; h=from:to; bh=@relaxed@",
          "c=simple/simple; d=example.org; s=s; h=from:to; bh=@bh@"},
         {"c=relaxed/relaxed", "c=simple/relaxed"},
         {"c=relaxed/relaxed", "c=relaxed", "AMS i=1: body hash did not verify"},
         {"c=relaxed/relaxed",
          "c=", "ARC-Message-Signature: c= expected simple or relaxed, got \"\""},
         {"c=relaxed/relaxed", "c=relaxed/",
          "ARC-Message-Signature: c= expected simple or relaxed, got \"relaxed/\""}});
}

TEST(ArcTags, signs_any_field_but_the_seal) {
  check(&ArcTexts::message,
        {{"h=from:to", "h=from"},
         {"h=from:to", "h=to"},  // only DKIM demands From
         {"h=from:to", "h=from : to :\r\n FROM:cc:cc"},
         {"h=from:to", "h=arc-authentication-results:arc-message-signature"},
         {"h=from:to", "h=from:arc-seal", "ARC-Message-Signature: h= names ARC-Seal"},
         {"h=from:to", "h=from: ARC-Seal ", "ARC-Message-Signature: h= names ARC-Seal"},
         {"h=from:to", "h=", "ARC-Message-Signature: h= names an empty field"},
         {"h=from:to", "h=from::to", "ARC-Message-Signature: h= names an empty field"}});
}

}  // namespace
}  // namespace icm
