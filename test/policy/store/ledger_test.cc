// SPDX-License-Identifier: Apache-2.0
#include "policy/store/ledger.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using namespace std::chrono_literals;

const WallTime now = *parse_time("2026-11-21T08:00:00Z");
const WallTime spring = *parse_time("2026-03-01T00:00:00Z");
const WallTime summer = *parse_time("2026-06-01T00:00:00Z");
const WallTime autumn = *parse_time("2026-09-01T00:00:00Z");

Subscription subscription(std::string scope = "stream:news") {
  return {.address = "bob@icloud.com",
          .scope = std::move(scope),
          .consented = {},
          .source = {},
          .withdrawn = {},
          .engaged = {}};
}

Subscription consent(WallTime time, std::string source = "form",
                     std::string scope = "stream:news") {
  Subscription given = subscription(std::move(scope));
  given.consented = time;
  given.source = std::move(source);
  return given;
}

Suppression suppressed(SuppressionReason reason, WallTime created,
                       std::string scope = "stream:news") {
  return {.address = "bob@icloud.com",
          .scope = std::move(scope),
          .reason = reason,
          .source = "cli",
          .note = {},
          .created = created,
          .expires = {}};
}

std::string refusal(const Subscription& given) {
  const Status checked = check_subscription(given, now);
  return checked ? "" : checked.error().text;
}

TEST(Subscription, says_something) {
  EXPECT_EQ(refusal(subscription()),
            "expected a time of consent, withdrawal or engagement, found none");
  EXPECT_EQ(refusal(consent(spring)), "");
}

TEST(Subscription, has_a_source_only_with_a_consent) {
  Subscription given = subscription();
  given.engaged = spring;
  EXPECT_EQ(refusal(given), "");
  given.source = "form";
  EXPECT_EQ(refusal(given),
            "source: expected none, since it is that of a consent and there is none");
}

TEST(Subscription, knows_nothing_of_times_to_come) {
  EXPECT_EQ(refusal(consent(now + 5min)), "");
  EXPECT_EQ(refusal(consent(now + 6min)),
            "consented: expected a time that has passed, found 2026-11-21T08:06:00.000Z");
  Subscription given = subscription();
  given.engaged = now + 6min;
  EXPECT_EQ(refusal(given),
            "engaged: expected a time that has passed, found 2026-11-21T08:06:00.000Z");
  given = subscription();
  given.withdrawn = now + 15h;  // by its date alone: the end of today
  EXPECT_EQ(refusal(given), "");
  given.withdrawn = now + 25h;
  EXPECT_EQ(refusal(given),
            "withdrawn: expected a time that has passed, found 2026-11-22T09:00:00.000Z");
}

TEST(Subscription, has_no_control_characters_in_its_source) {
  EXPECT_EQ(refusal(consent(spring, "form\x1b[2J")),
            "source: expected at most 200 octets of UTF-8 without control characters, found 8 "
            "octets, \"form\\x1b[2J\"");
}

TEST(MergedSubscription, becomes_no_older_in_whatever_order_it_is_told) {
  Subscription first = consent(spring, "fair");
  first.engaged = autumn;
  Subscription second = consent(summer, "form");
  second.withdrawn = spring;
  second.engaged = summer;
  Subscription expected = consent(summer, "form");
  expected.withdrawn = spring;
  expected.engaged = autumn;
  EXPECT_EQ(merged(first, second), expected);
  EXPECT_EQ(merged(second, first), expected);
  EXPECT_EQ(merged(expected, first), expected);
}

TEST(MergedSubscription, keeps_what_the_other_does_not_say) {
  Subscription engaged = subscription();
  engaged.engaged = summer;
  Subscription expected = consent(spring);
  expected.engaged = summer;
  EXPECT_EQ(merged(consent(spring), engaged), expected);
  EXPECT_EQ(merged(engaged, consent(spring)), expected);
}

TEST(MergedSubscription, takes_a_source_for_a_consent_that_had_none) {
  EXPECT_EQ(merged(consent(spring, ""), consent(spring, "form")), consent(spring, "form"));
  EXPECT_EQ(merged(consent(spring, "form"), consent(spring, "fair")), consent(spring, "form"));
}

TEST(Standing, has_the_latest_of_every_scope) {
  Subscription all = consent(spring, "fair", "global");
  all.withdrawn = autumn;
  Subscription news = consent(summer);
  news.engaged = summer;
  const Standing standing = standing_of({all, news});
  EXPECT_EQ(standing.latest_consent, news);
  EXPECT_EQ(standing.withdrawn, autumn);
  EXPECT_EQ(standing.engaged, summer);
  EXPECT_TRUE(standing.is_known());
  EXPECT_FALSE(standing_of({}).is_known());
}

TEST(Opener, is_a_consent_later_than_the_suppression) {
  for (const SuppressionReason reason :
       {SuppressionReason::unsubscribe, SuppressionReason::complaint,
        SuppressionReason::hard_bounce}) {
    const Suppression entry = suppressed(reason, summer);
    EXPECT_EQ(opener_of(entry, {consent(autumn)}), consent(autumn)) << to_string(reason);
    EXPECT_EQ(opener_of(entry, {consent(summer)}), std::nullopt) << to_string(reason);
    EXPECT_EQ(opener_of(entry, {consent(spring)}), std::nullopt) << to_string(reason);
  }
  EXPECT_EQ(opener_of(suppressed(SuppressionReason::unsubscribe, summer), {}), std::nullopt);
}

TEST(Opener, is_none_for_what_a_consent_does_not_end) {
  for (const SuppressionReason reason : {SuppressionReason::relay_off, SuppressionReason::suspended,
                                         SuppressionReason::manual, SuppressionReason::erasure}) {
    EXPECT_EQ(opener_of(suppressed(reason, summer), {consent(autumn)}), std::nullopt)
        << to_string(reason);
  }
}

TEST(Opener, is_of_the_same_scope_or_for_all_mail) {
  const Suppression news = suppressed(SuppressionReason::unsubscribe, summer);
  const Suppression all = suppressed(SuppressionReason::unsubscribe, summer, "global");
  const Subscription everything = consent(autumn, "form", "global");
  EXPECT_EQ(opener_of(news, {consent(autumn, "form", "stream:offers")}), std::nullopt);
  EXPECT_EQ(opener_of(news, {everything}), everything);
  EXPECT_EQ(opener_of(all, {consent(autumn)}), std::nullopt);
  EXPECT_EQ(opener_of(all, {everything}), everything);
}

TEST(Opener, of_a_hard_bounce_is_a_consent_to_any_mail) {
  const Suppression gone = suppressed(SuppressionReason::hard_bounce, summer, "global");
  EXPECT_EQ(opener_of(gone, {consent(autumn)}), consent(autumn));
}

TEST(Opener, was_not_withdrawn_since_for_this_mail_or_for_all) {
  const Suppression entry = suppressed(SuppressionReason::unsubscribe, spring);
  Subscription withdrawn = consent(summer);
  withdrawn.withdrawn = summer;
  EXPECT_EQ(opener_of(entry, {withdrawn}), std::nullopt);
  Subscription from_all = subscription("global");
  from_all.withdrawn = autumn;
  EXPECT_EQ(opener_of(entry, {from_all, consent(summer)}), std::nullopt);
  withdrawn.withdrawn = spring;
  EXPECT_EQ(opener_of(entry, {withdrawn}), withdrawn);
}

TEST(Opener, is_later_than_the_last_reply_of_apple) {
  Suppression entry = suppressed(SuppressionReason::hard_bounce, spring);
  entry.evidence = Evidence{.pattern = "user-unknown",
                            .reply = "550 5.1.1",
                            .queue_id = "4abc",
                            .first_seen = spring,
                            .last_seen = autumn,
                            .count = 3};
  EXPECT_EQ(opener_of(entry, {consent(summer)}), std::nullopt);
  EXPECT_EQ(opener_of(entry, {consent(now)}), consent(now));
}

}  // namespace
}  // namespace icm
