// SPDX-License-Identifier: Apache-2.0
//
// ThrottleTest: recipients of a site named to the policy throttle alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "policy/classification.h"
#include "policy/policy_set.h"
#include "policy/throttle.h"
#include "test/support/limiter_world.h"
#include "test/support/memory_backoff_book.h"
#include "test/support/memory_suppression_list.h"
#include "test/support/policy_means.h"

namespace icm {

using namespace std::chrono_literals;

inline const Deadline soon = Deadline::in(1h);

inline Recipient apple(std::string_view address) {
  return {.text = std::string(address),
          .mailbox = *Mailbox::parse(address),
          .original = {},
          .is_apple = true};
}

inline ThrottleLimitConfig limit(std::string name, int at_most, std::chrono::seconds within = 1h) {
  ThrottleLimitConfig limit;
  limit.name = std::move(name);
  limit.at_most = at_most;
  limit.within = within;
  return limit;
}

// A site with a bulk stream, a transactional one, and one address of egress; its limits are the
// test's.
class ThrottleTest : public testing::Test {
 protected:
  ThrottleTest() {
    StreamConfig news;
    news.name = "news";
    news.sender_domains = {*Domain::parse("news.shop.example")};
    news.egress = {*IpAddress::parse("192.0.2.7")};
    StreamConfig receipts;
    receipts.name = "receipts";
    receipts.kind = StreamKind::transactional;
    receipts.sender_domains = {*Domain::parse("orders.shop.example")};
    config.streams = {news, receipts};
    config.egress.addresses = {*IpAddress::parse("192.0.2.1")};
    config.throttle.mode = Mode::enforce;
  }

  // Judged as at RCPT of a message of its own, by throttle alone. Kept unless `charges` are given.
  Findings rcpt(std::string_view sender, std::string_view recipient, Charges* charges = nullptr) {
    Envelope envelope;
    envelope.reverse_path = ReversePath::from(sender);
    envelope.login = login;
    return rcpt(envelope, recipient, charges);
  }
  Findings rcpt(const Envelope& envelope, std::string_view recipient, Charges* charges = nullptr) {
    PolicyMeans means = means_without_keys(list);
    means.limiter = limiter == nullptr ? &world.limiter() : limiter;
    BackoffView view(std::make_unique<MemoryBackoffBook>(page), notices);
    means.backoffs = &view;
    Charges own;
    auto findings = make_throttle(config, means)
                        ->admit(envelope, apple(recipient), world.now(), soon,
                                charges == nullptr ? own : *charges);
    own.keep({});
    EXPECT_TRUE(findings) << findings.error().text;
    return findings.value_or(Findings{});
  }
  Findings at_end(std::string_view author, std::string_view subject,
                  std::string_view submitter = {}, Origin origin = Origin::unknown) {
    PolicyMeans means = means_without_keys(list);
    BackoffView view(std::make_unique<MemoryBackoffBook>(page), notices);
    means.backoffs = &view;
    HeaderList headers;
    headers.add("From", author);
    headers.add("Subject", subject);
    const auto authors = parse_address_list(author);
    Envelope envelope;
    envelope.login = submitter;
    envelope.origin = origin;
    const BodyFindings body;
    const Classification classification;
    const Facts facts{.envelope = envelope,
                      .headers = headers,
                      .body = body,
                      .authors = authors,
                      .classification = classification,
                      .now = world.now()};
    return make_throttle(config, means)->judge(facts, soon).value_or(Findings{});
  }

  // Judged as at the end of a message that turns out to be of `stream`.
  Findings at_end_of(const Envelope& envelope, std::string stream, Charges& charges) {
    PolicyMeans means = means_without_keys(list);
    means.limiter = &world.limiter();
    BackoffView view(std::make_unique<MemoryBackoffBook>(page), notices);
    means.backoffs = &view;
    const HeaderList headers;
    const auto authors = parse_address_list("news@shop.example");
    const BodyFindings body;
    Classification classification;
    classification.stream = std::move(stream);
    const Facts facts{.envelope = envelope,
                      .headers = headers,
                      .body = body,
                      .authors = authors,
                      .classification = classification,
                      .now = world.now()};
    auto findings = make_throttle(config, means)->admit_message(facts, soon, charges);
    EXPECT_TRUE(findings) << findings.error().text;
    return findings.value_or(Findings{});
  }
  std::uint32_t used(const std::string& counter, Reckoning reckoning = Reckoning::sliding) {
    const bool is_day = reckoning == Reckoning::calendar;
    const RateLimit one{.counter = counter, .window = is_day ? 24h : 1h, .reckoning = reckoning};
    return world.limiter().look({{.limit = one}}, world.now(), soon)->at(0).used;
  }

  // How many of `tries` messages go.
  int goes(std::string_view sender, int tries, std::string_view recipient = "bob@icloud.com") {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += rcpt(sender, recipient).empty() ? 1 : 0;
    return count;
  }

  Config config;
  std::string login;
  RateLimiter* limiter = nullptr;  // in place of the world's
  LocalLimiterWorld world;         // at 2026-11-21T08:15:30.250Z
  BackoffPage page;
  NoticeBoard notices;
  MemorySuppressionList list;
};

inline std::vector<std::string> rules(const Findings& findings) {
  std::vector<std::string> names;
  for (const Finding& finding : findings) names.emplace_back(finding.rule);
  return names;
}
using Words = std::vector<std::string>;

}  // namespace icm
