// SPDX-License-Identifier: Apache-2.0
//
// LedgerPolicyTest: a ledger, a configuration with a stream known by its envelope sender, one by a
// mark and a transactional one, and a message to be judged under them.
#pragma once

#include <gtest/gtest.h>

#include "policy/classification.h"
#include "policy/policy_set.h"
#include "test/support/memory_ledger.h"
#include "test/support/memory_suppression_list.h"
#include "test/support/policy_means.h"

namespace icm {

class LedgerPolicyTest : public testing::Test {
 protected:
  using Make = std::unique_ptr<Policy> (*)(const Config&, const PolicyMeans&);

  explicit LedgerPolicyTest(Make make) : make_(make) {
    StreamConfig news;
    news.name = "news";
    news.sender_domains = {*Domain::parse("bounce.shop.example")};
    StreamConfig offers;
    offers.name = "offers";
    offers.header = "X-Stream: offers";
    StreamConfig receipts;
    receipts.name = "receipts";
    receipts.kind = StreamKind::transactional;
    receipts.sender_domains = {*Domain::parse("shop.example")};
    config.streams = {news, offers, receipts};
    envelope.reverse_path = ReversePath::from("b-1@bounce.shop.example");
    envelope.recipients = {apple("bob@icloud.com")};
  }

  static Recipient apple(std::string_view address) {
    return {.text = std::string(address),
            .mailbox = *Mailbox::parse(address),
            .original = {},
            .is_apple = true};
  }

  Subscription& know(std::string scope) {
    ledger.subscriptions.push_back({.address = "bob@icloud.com",
                                    .scope = std::move(scope),
                                    .consented = {},
                                    .source = {},
                                    .withdrawn = {},
                                    .engaged = {}});
    return ledger.subscriptions.back();
  }

  std::unique_ptr<Policy> policy() {
    PolicyMeans means = means_without_keys(list_);
    means.ledger = &ledger;
    return make_(config, means);
  }

  Result<Findings> at_rcpt() {
    return policy()->judge_recipient(envelope, envelope.recipients.front(), now,
                                     Deadline::in(std::chrono::seconds{60}));
  }

  Result<Findings> at_end() {
    const Classification classification = classify(config.streams, envelope, headers, authors_);
    const Facts facts{.envelope = envelope,
                      .headers = headers,
                      .body = body_,
                      .authors = authors_,
                      .classification = classification,
                      .now = now};
    return policy()->judge(facts, Deadline::in(std::chrono::seconds{60}));
  }

  // The message is of stream offers, which its header tells.
  void send_offers() {
    envelope.reverse_path = ReversePath::from("x@elsewhere.example");
    headers.add("X-Stream", " offers");
  }

  static std::vector<std::string> rules(const Result<Findings>& findings) {
    std::vector<std::string> names;
    for (const Finding& finding : *findings) names.emplace_back(finding.rule);
    return names;
  }

  using Words = std::vector<std::string>;
  const WallTime now = *parse_time("2026-11-21T08:00:00Z");
  const WallTime spring = *parse_time("2026-03-01T00:00:00Z");
  const WallTime autumn = *parse_time("2026-09-01T00:00:00Z");
  Config config;
  Envelope envelope;
  HeaderList headers;
  MemoryLedger ledger;

 private:
  Make make_;
  MemorySuppressionList list_;
  BodyFindings body_;
  Result<std::vector<Address>> authors_;
};

}  // namespace icm
