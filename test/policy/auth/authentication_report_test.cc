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

const std::vector<Domain>& trusted() {
  static const std::vector<Domain> domains = {*Domain::parse("lists.example")};
  return domains;
}

std::string field(const Authentication& found, const SpfQuestions& questions = asked(),
                  ClientAddress client = ClientAddress::shown) {
  AuthenticationResults results;
  results.authserv_id = "mx.example";
  results.results = method_results(found, questions, {client, trusted()});
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

ArcSealer sealer(int instance, std::string domain, std::string dmarc) {
  return {instance, std::move(domain), "s", std::move(dmarc)};
}

// The chain as it came by way of these sealers.
std::string dmarc_and_arc(std::vector<ArcSealer> sealers, DmarcStatus status = DmarcStatus::fail) {
  Authentication found;
  found.dmarc.author_domain = "example.com";
  found.dmarc.rfc9989.status = status;
  found.arc.status = ArcStatus::pass;
  found.arc.sealers = std::move(sealers);
  const std::string text = field(found, asked(), ClientAddress::withheld);
  return text.substr(text.find("dmarc="));
}

TEST(MethodResults, name_the_trusted_sealer_that_saw_dmarc_pass) {
  EXPECT_EQ(dmarc_and_arc({sealer(1, "lists.example", "pass")}),
            "dmarc=fail header.from=example.com policy.vouched-by=lists.example; arc=pass "
            "header.oldest-pass=0 policy.sealers=lists.example");
  EXPECT_EQ(dmarc_and_arc({sealer(1, "lists.example", "pass")}, DmarcStatus::pass),
            "dmarc=pass header.from=example.com; arc=pass header.oldest-pass=0 "
            "policy.sealers=lists.example");
  // It may have seen another trusted sealer's word, and only that.
  EXPECT_EQ(dmarc_and_arc({sealer(1, "lists.example", "pass"), sealer(2, "lists.example", "fail")}),
            "dmarc=fail header.from=example.com policy.vouched-by=lists.example; arc=pass "
            "header.oldest-pass=0 policy.sealers=\"lists.example,lists.example\"");
}

TEST(MethodResults, believe_no_sealer_beyond_one_that_is_not_trusted) {
  for (const auto& sealers :
       {std::vector{sealer(1, "lists.example", "pass"), sealer(2, "other.example", "pass")},
        std::vector{sealer(1, "other.example", "pass"), sealer(2, "lists.example", "fail")},
        std::vector{sealer(1, "sub.lists.example", "pass")}}) {
    EXPECT_EQ(dmarc_and_arc(sealers).find("vouched"), std::string::npos);
  }
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

TEST(MethodResults, leave_out_a_dmarc_failure_when_there_was_no_client_to_ask_spf_about) {
  Authentication found;
  found.dmarc.author_domain = "example.com";
  found.dmarc.rfc9989.status = DmarcStatus::fail;
  EXPECT_EQ(field(found, {}), "mx.example; dkim=none; arc=none");
  found.dmarc.rfc9989.status = DmarcStatus::none;
  EXPECT_EQ(field(found, {}),
            "mx.example; dkim=none; dmarc=none header.from=example.com; arc=none");
}

}  // namespace
}  // namespace icm
