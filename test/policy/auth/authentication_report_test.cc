// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/authentication_report.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

SpfQuestions asked() {
  SpfQuestions questions;
  questions.clients = {IpAddress::parse("192.0.2.7").value()};
  questions.helo = "out.example.com";
  questions.mail_from = "a@example.com";
  return questions;
}

std::string field(const Authentication& found, const SpfQuestions& questions = asked(),
                  ClientAddress client = ClientAddress::shown) {
  AuthenticationResults results;
  results.authserv_id = "mx.example";
  results.results = method_results(found, questions, client);
  std::string text = to_field_value(results);
  for (std::size_t fold; (fold = text.find("\r\n")) != std::string::npos;) text.erase(fold, 2);
  return text;
}

ClientSpf spf(SpfStatus status, std::string problem = {}) {
  SpfResult result;
  result.status = status;
  result.problem = std::move(problem);
  return {asked().clients.front(), result};
}

Authentication everything_passes() {
  Authentication found;
  found.spf.push_back(spf(SpfStatus::pass));
  DkimResult dkim;
  dkim.status = DkimStatus::pass;
  dkim.domain = "example.com";
  dkim.selector = "s1";
  dkim.tags.emplace();
  dkim.tags->signature = "\x01\x02\x03\x04\x05\x06\x07\x08";
  found.dkim.push_back(dkim);
  found.dmarc.author_domain = "example.com";
  found.dmarc.rfc9989.status = DmarcStatus::pass;
  found.dmarc.rfc9989.policy = DmarcPolicy::reject;
  found.arc.status = ArcStatus::pass;
  found.arc.oldest_pass = 0;
  return found;
}

TEST(MethodResults, name_what_each_method_rests_on) {
  EXPECT_EQ(field(everything_passes()),
            "mx.example; spf=pass smtp.mailfrom=a@example.com; dkim=pass header.d=example.com "
            "header.s=s1 header.a=rsa-sha256 header.b=AQIDBAUG; dmarc=pass "
            "header.from=example.com policy.dmarc=reject; arc=pass header.oldest-pass=0 "
            "smtp.remote-ip=192.0.2.7");
}

TEST(MethodResults, withhold_the_client_where_that_is_wanted) {
  const std::string text = field(everything_passes(), asked(), ClientAddress::withheld);
  EXPECT_EQ(text.find("192.0.2.7"), std::string::npos) << text;
}

TEST(MethodResults, name_helo_for_the_null_sender) {
  Authentication found = everything_passes();
  found.spf[0].result.identity = SpfIdentity::helo;
  SpfQuestions questions = asked();
  questions.mail_from.clear();
  EXPECT_NE(field(found, questions).find("spf=pass smtp.helo=out.example.com;"), std::string::npos);
}

TEST(MethodResults, say_why_something_did_not_pass) {
  Authentication found;
  found.spf.push_back(spf(SpfStatus::perm_error, "two records"));
  DkimResult dkim;
  dkim.status = DkimStatus::fail;
  dkim.reason = "the body was changed";
  dkim.domain = "example.com";
  dkim.selector = "s1";
  found.dkim.push_back(dkim);
  found.dmarc.author_domain = "example.com";
  found.dmarc.rfc9989.status = DmarcStatus::fail;
  found.dmarc.rfc9989.policy = DmarcPolicy::quarantine;
  found.dmarc.rfc9989.reason = "nothing aligned";
  EXPECT_EQ(field(found),
            "mx.example; spf=permerror reason=\"two records\" smtp.mailfrom=a@example.com; "
            "dkim=fail reason=\"the body was changed\" header.d=example.com header.s=s1; "
            "dmarc=fail reason=\"nothing aligned\" header.from=example.com "
            "policy.dmarc=quarantine; arc=none smtp.remote-ip=192.0.2.7");
}

TEST(MethodResults, leave_out_what_is_not_known) {
  Authentication found;  // SPF was not asked, there is no author
  found.arc.status = ArcStatus::temp_error;
  DkimResult beyond_the_bound;
  found.dkim.push_back(beyond_the_bound);
  EXPECT_EQ(field(found), "mx.example; dmarc=none");
  found.dkim.clear();
  EXPECT_EQ(field(found), "mx.example; dkim=none; dmarc=none");
}

}  // namespace
}  // namespace icm
