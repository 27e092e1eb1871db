// SPDX-License-Identifier: Apache-2.0
#include "policy/store/store.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using namespace std::chrono_literals;

const WallTime now = *parse_time("2026-11-21T08:00:00Z");

Suppression entry(std::string address, SuppressionReason reason, std::string scope = "global") {
  return {.address = std::move(address),
          .scope = std::move(scope),
          .reason = reason,
          .source = "cli",
          .note = {},
          .created = now - 24h,
          .expires = {}};
}

std::vector<std::string> found(const std::vector<Suppression>& candidates, std::string_view address,
                               const std::vector<std::string>& scopes = {}, bool siblings = true) {
  std::vector<std::string> words;
  for (const Suppression& one :
       entries_in_force(candidates, *Mailbox::parse(address), scopes, siblings, now)) {
    words.push_back(fmt::format("{} {} {}", one.address, one.scope, to_string(one.reason)));
  }
  return words;
}

using Words = std::vector<std::string>;

TEST(SuppressionReason, has_one_name_that_reads_back) {
  for (const SuppressionReason reason : all_suppression_reasons) {
    EXPECT_EQ(suppression_reason(to_string(reason)), reason);
  }
  EXPECT_EQ(to_string(SuppressionReason::hard_bounce), "hard-bounce");
  EXPECT_EQ(to_string(SuppressionReason::relay_off), "relay-off");
  EXPECT_EQ(suppression_reason("hard_bounce"), std::nullopt);
  EXPECT_EQ(suppression_reason("Manual"), std::nullopt);
  EXPECT_EQ(suppression_reason(""), std::nullopt);
}

TEST(SuppressionReason, only_a_word_of_the_administrator_and_a_suspension_are_not_permanent) {
  for (const SuppressionReason reason : all_suppression_reasons) {
    const bool is_soft =
        reason == SuppressionReason::manual || reason == SuppressionReason::suspended;
    EXPECT_EQ(is_permanent(reason), !is_soft) << to_string(reason);
  }
}

TEST(SuppressionReason, only_what_a_person_asked_for_widens_to_siblings) {
  for (const SuppressionReason reason : all_suppression_reasons) {
    const bool is_wish = reason == SuppressionReason::unsubscribe ||
                         reason == SuppressionReason::complaint ||
                         reason == SuppressionReason::erasure;
    EXPECT_EQ(widens_to_siblings(reason), is_wish) << to_string(reason);
  }
}

TEST(SuppressionScope, is_global_or_names_a_stream_or_a_list) {
  EXPECT_EQ(suppression_scope("global"), "global");
  EXPECT_EQ(suppression_scope("stream:News"), "stream:News");
  EXPECT_EQ(suppression_scope("list:Weekly.Shop.example"), "list:weekly.shop.example");
  EXPECT_EQ(suppression_scope("list:" + std::string(250, 'a')), "list:" + std::string(250, 'a'));
}

TEST(SuppressionScope, refuses_anything_else_and_says_what_was_expected) {
  const auto text = [](std::string_view scope) { return suppression_scope(scope).error().text; };
  const std::string expected =
      "scope: expected global, stream:NAME or list:ID of at most 255 printable octets without "
      "blanks, found ";
  EXPECT_EQ(text(""), expected + "\"\"");
  EXPECT_EQ(text("Global"), expected + "\"Global\"");
  EXPECT_EQ(text("stream:"), expected + "\"stream:\"");
  EXPECT_EQ(text("stream"), expected + "\"stream\"");
  EXPECT_EQ(text("tenant:a"), expected + "\"tenant:a\"");
  EXPECT_EQ(text("list:a b"), expected + "\"list:a b\"");
  EXPECT_EQ(text("list:a\x1b[2J"), expected + "\"list:a\\x1b[2J\"");
  EXPECT_FALSE(suppression_scope("list:" + std::string(251, 'a')));
}

TEST(SiblingKeys, are_the_same_name_at_apples_other_two_mail_domains) {
  EXPECT_EQ(sibling_keys(*Mailbox::parse("Bob+x@iCloud.com")),
            (Words{"bob+x@mac.com", "bob+x@me.com"}));
  EXPECT_EQ(sibling_keys(*Mailbox::parse("bob@me.com")), (Words{"bob@icloud.com", "bob@mac.com"}));
  EXPECT_EQ(sibling_keys(*Mailbox::parse("bob@mac.com")), (Words{"bob@icloud.com", "bob@me.com"}));
  EXPECT_EQ(sibling_keys(*Mailbox::parse("bob@privaterelay.appleid.com")), Words{});
  EXPECT_EQ(sibling_keys(*Mailbox::parse("bob@shop.example")), Words{});
}

TEST(EntriesInForce, compare_the_whole_address_and_strip_nothing) {
  const std::vector candidates = {entry("a.b-c+d@icloud.com", SuppressionReason::manual)};
  EXPECT_EQ(found(candidates, "A.B-C+D@ICLOUD.COM"), (Words{"a.b-c+d@icloud.com global manual"}));
  EXPECT_EQ(found(candidates, "ab-c+d@icloud.com"), Words{});
  EXPECT_EQ(found(candidates, "a.b-c@icloud.com"), Words{});
  EXPECT_EQ(found(candidates, "a.b+d@icloud.com"), Words{});
}

TEST(EntriesInForce, of_a_sibling_count_in_every_direction_for_a_wish_and_never_for_a_bounce) {
  const std::vector candidates = {entry("bob@me.com", SuppressionReason::unsubscribe),
                                  entry("bob@me.com", SuppressionReason::hard_bounce),
                                  entry("bob@me.com", SuppressionReason::suspended),
                                  entry("bob@me.com", SuppressionReason::erasure)};
  for (const std::string_view address : {"bob@icloud.com", "bob@mac.com"}) {
    EXPECT_EQ(found(candidates, address),
              (Words{"bob@me.com global erasure", "bob@me.com global unsubscribe"}))
        << address;
    EXPECT_EQ(found(candidates, address, {}, false), Words{}) << address;
  }
  EXPECT_EQ(found(candidates, "bob@me.com", {}, false).size(), 4u);
}

TEST(EntriesInForce, of_a_stream_or_list_count_only_when_it_is_asked_for) {
  const std::vector candidates = {
      entry("bob@me.com", SuppressionReason::unsubscribe, "stream:news"),
      entry("bob@me.com", SuppressionReason::unsubscribe, "list:weekly.shop.example")};
  EXPECT_EQ(found(candidates, "bob@me.com"), Words{});
  EXPECT_EQ(found(candidates, "bob@me.com", {"stream:receipts"}), Words{});
  EXPECT_EQ(found(candidates, "bob@me.com", {"stream:receipts", "stream:news"}),
            (Words{"bob@me.com stream:news unsubscribe"}));
}

TEST(EntriesInForce, end_at_the_moment_they_expire) {
  Suppression timed = entry("bob@me.com", SuppressionReason::suspended);
  timed.expires = now + 1ms;
  EXPECT_EQ(found({timed}, "bob@me.com").size(), 1u);
  timed.expires = now;
  EXPECT_EQ(found({timed}, "bob@me.com"), Words{});
}

TEST(EntriesInForce, come_with_the_most_permanent_reason_first) {
  std::vector<Suppression> candidates;
  for (const SuppressionReason reason : all_suppression_reasons) {
    candidates.push_back(entry("bob@me.com", reason));
  }
  candidates.push_back(entry("bob@mac.com", SuppressionReason::complaint));
  candidates.push_back(entry("bob@me.com", SuppressionReason::complaint, "stream:news"));
  EXPECT_EQ(found(candidates, "bob@me.com", {"stream:news"}),
            (Words{"bob@me.com global erasure", "bob@me.com global complaint",
                   "bob@me.com stream:news complaint", "bob@mac.com global complaint",
                   "bob@me.com global unsubscribe", "bob@me.com global hard-bounce",
                   "bob@me.com global relay-off", "bob@me.com global manual",
                   "bob@me.com global suspended"}));
}

}  // namespace
}  // namespace icm
