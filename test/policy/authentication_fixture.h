// SPDX-License-Identifier: Apache-2.0
//
// A message of the shop whose SPF and DKIM results a test writes down; DMARC is judged from its
// zone, and the libraries are asked where a test wants them.
#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "policy/auth/sealing_keys.h"
#include "policy/auth/second_opinion.h"
#include "policy/base/text.h"
#include "policy/dns/zone_resolver.h"
#include "policy/policy_set.h"
#include "policy/rules.h"
#include "test/support/mail_text.h"
#include "test/support/memory_suppression_list.h"

namespace icm {

class AuthenticationTest : public testing::Test {
 protected:
  using Factory = std::unique_ptr<Policy> (*)(const Config&, const PolicyMeans&);

  explicit AuthenticationTest(Factory factory) : factory_(factory) {
    envelope.reverse_path = ReversePath::from("bounce@shop.example");
    envelope.recipients = {recipient("bob@icloud.com")};
    questions.clients = {ours};
    questions.helo = "out.shop.example";
    config.alignment.on_error = OnError::defer;
  }

  static Recipient recipient(std::string_view address) {
    return {.text = std::string(address),
            .mailbox = *Mailbox::parse(address),
            .original = {},
            .is_apple = true};
  }

  PolicyMeans means() { return {list, keys, "mx.shop.example"}; }

  // Results of SPF and DKIM as the message shall have them.
  SpfResult& spf(SpfStatus status, std::string domain, std::string problem = {}) {
    SpfResult& result = found.spf.emplace_back(ClientSpf{ours, {}}).result;
    result.status = status;
    result.domain = std::move(domain);
    result.problem = std::move(problem);
    return result;
  }
  DkimResult& dkim(DkimStatus status, std::string domain, std::string reason = {}) {
    DkimResult& result = found.dkim.emplace_back();
    result.status = status;
    result.domain = domain;
    result.selector = "sel";
    result.reason = std::move(reason);
    result.key_bits = 2048;
    result.body_size = 100;
    result.tags = SignatureTags{};
    result.tags->domain = std::move(domain);
    result.tags->selector = "sel";
    result.tags->fields = {"from", "from", "subject", "list-unsubscribe", "list-unsubscribe-post"};
    return result;
  }
  void all_pass() {
    spf(SpfStatus::pass, "shop.example");
    dkim(DkimStatus::pass, "shop.example");
  }

  Result<Findings> result() {
    const auto policy = factory_(config, means());
    EXPECT_TRUE(policy->needs().sender);
    auto resolver = ZoneResolver::parse(zone);
    if (!resolver) throw std::runtime_error(resolver.error().text);
    AuthSources sources(*resolver, PublicSuffixList::system());
    const MailText mail = mail_text(header + "\n" + body);
    const Result<std::vector<Address>> authors = parse_address_list(mail.headers.text("From"));
    const SpfResult weakest = found.weakest_spf();
    const Deadline deadline = Deadline::in(std::chrono::hours{1});
    found.dmarc =
        check_dmarc({authors, weakest, found.dkim}, sources.dmarc, sources.suffixes, deadline);
    SecondOpinions opinions(mail.headers, sources);
    opinions.body(mail.body);
    const Facts facts{.envelope = envelope,
                      .headers = mail.headers,
                      .body = scanned,
                      .authors = authors,
                      .classification = {mail_class, stream, "a test"},
                      .now = now,
                      .header_overflow = header_overflow,
                      .arrival = &arrival,
                      .authentication = authenticated ? &found : nullptr,
                      .spf_questions = authenticated ? &questions : nullptr,
                      .sources = authenticated ? &sources : nullptr,
                      .second_opinions = authenticated && ask_libraries ? &opinions : nullptr};
    auto judged = policy->judge(facts, deadline);
    serve(*policy, facts, judged);
    return judged;
  }
  Findings findings() { return result().value(); }

  // One line for each finding: "violation 550 5.7.23 RULE: EVIDENCE; FIX -> PREDICTION", then
  // " (defer)" for a wish and " [WORDS]" for a dispute; "advice RULE: …".
  std::string judged() {
    std::string text;
    const std::string_view policy = factory_(config, means())->name();
    for (const Finding& finding : findings()) {
      const auto known = rules_of(policy);
      EXPECT_TRUE(std::ranges::count(known, finding.rule.substr(policy.size() + 1)) == 1)
          << finding.rule;
      const std::string words =
          fmt::format("{}: {}; {}", finding.rule, finding.evidence, finding.fix);
      if (!text.empty()) text += "\n";
      if (finding.weight == Weight::violation) {
        text += fmt::format("violation {} {} ", finding.reply.code, finding.reply.enhanced);
        EXPECT_EQ(finding.reply.text, words);
      } else {
        EXPECT_EQ(finding.reply, SmtpReply{});
        EXPECT_EQ(finding.disputed, "");
        text += fmt::format("{} ", to_string(finding.weight));
      }
      text += words;
      const bool says_no_answer =
          finding.prediction.empty() || finding.prediction == no_answer_known;
      if (!says_no_answer) text += " -> " + finding.prediction;
      if (finding.wish) text += fmt::format(" ({})", to_string(*finding.wish));
      if (!finding.disputed.empty()) text += fmt::format(" [{}]", finding.disputed);
    }
    return text;
  }

  // The rules that spoke: "spf-fail dkim-key-weak(advice)".
  std::string rules() {
    std::string text;
    for (const Finding& finding : findings()) {
      text += fmt::format("{}{}{}", text.empty() ? "" : " ",
                          finding.rule.substr(finding.rule.find('.') + 1),
                          finding.weight == Weight::advice ? "(advice)" : "");
    }
    return text;
  }

  // For policies that do something: called with what they have judged.
  virtual void serve(const Policy&, const Facts&, const Result<Findings>&) {}

  const IpAddress ours = *IpAddress::parse("192.0.2.7");
  std::string zone = R"({"_dmarc.shop.example": {"TXT": ["v=DMARC1; p=reject"]}})";
  std::string header = "From: Ann Lee <ann@shop.example>\nSubject: Hello\n";
  std::string body = "Hello Bob\n";
  Config config;
  Envelope envelope;
  Authentication found;
  SpfQuestions questions;
  WallTime now = *parse_time("2026-11-21T08:15:30Z");
  MailClass mail_class = MailClass::personal;
  std::string stream;
  bool header_overflow = false;
  bool authenticated = true;
  bool ask_libraries = false;
  MemorySuppressionList list;
  SealingKeys keys;
  BodyFindings scanned;
  std::vector<MethodResult> arrival;  // what was written down when the message came in

 private:
  Factory factory_;
};

}  // namespace icm
