// SPDX-License-Identifier: Apache-2.0
#include "policy/store/address_snapshot.h"

#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "test/support/suppression_entries.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

SourceEntry source_entry(std::string_view key, SuppressionReason reason,
                         std::string_view scope = "global",
                         std::optional<WallTime> expires = std::nullopt) {
  return {.key = key, .scope = scope, .reason = reason, .expires = expires};
}

// "unsubscribe global", sorted; an end follows.
Words words(const AddressSnapshot& snapshot, std::string_view key) {
  Words all;
  for (const SnapshotRecord& record : snapshot.records(snapshot.hash_of(key))) {
    if (!record.reason()) {
      all.emplace_back("ended");
      continue;
    }
    std::string text = fmt::format("{} {}", to_string(*record.reason()), snapshot.scope(record));
    if (record.expires()) text += " " + to_rfc3339(*record.expires());
    all.push_back(text);
  }
  std::ranges::sort(all);
  return all;
}

TEST(AddressSnapshot, knows_nothing_when_it_is_empty) {
  const AddressSnapshot snapshot = SnapshotBuilder().finish("here");
  EXPECT_EQ(words(snapshot, "bob@icloud.com"), Words{});
  EXPECT_EQ(words(AddressSnapshot(KeyedHash()), "bob@icloud.com"), Words{});
  EXPECT_EQ(snapshot.size(), 0u);
  EXPECT_EQ(snapshot.cursor(), "here");
}

TEST(AddressSnapshot, keeps_reason_scope_and_end_of_each_entry) {
  SnapshotBuilder builder;
  for (const SuppressionReason reason : all_suppression_reasons) {
    builder.add(source_entry(to_string(reason), reason));
  }
  builder.add(source_entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:news"));
  builder.add(
      source_entry("bob@icloud.com", SuppressionReason::unsubscribe, "list:w.shop.example"));
  builder.add(source_entry("bob@icloud.com", SuppressionReason::suspended, "global",
                           *parse_time("2026-12-24T18:00:00.001Z")));
  builder.add(source_entry("eve@icloud.com", SuppressionReason::manual, "stream:news",
                           *parse_time("2150-01-01")));
  const AddressSnapshot snapshot = std::move(builder).finish("");
  for (const SuppressionReason reason : all_suppression_reasons) {
    EXPECT_EQ(words(snapshot, to_string(reason)),
              Words{fmt::format("{} global", to_string(reason))});
  }
  EXPECT_EQ(words(snapshot, "bob@icloud.com"),
            (Words{"suspended global 2026-12-24T18:00:01.000Z", "unsubscribe list:w.shop.example",
                   "unsubscribe stream:news"}));
  // Seconds in 32 bits end in 2106; nothing is suspended so long.
  EXPECT_EQ(words(snapshot, "eve@icloud.com"),
            Words{"manual stream:news 2106-02-07T06:28:15.000Z"});
  EXPECT_EQ(words(snapshot, "bob@me.com"), Words{});
}

TEST(AddressSnapshot, takes_addresses_of_every_length_that_smtp_allows) {
  const std::string longest = std::string(64, 'a') + "@" + std::string(185, 'b') + ".com";
  ASSERT_EQ(longest.size(), 254u);
  SnapshotBuilder builder;
  builder.add(source_entry(longest, SuppressionReason::complaint));
  builder.add(source_entry("a@b", SuppressionReason::complaint));
  const AddressSnapshot snapshot = std::move(builder).finish("");
  EXPECT_EQ(words(snapshot, longest), Words{"complaint global"});
  EXPECT_EQ(words(snapshot, "a@b"), Words{"complaint global"});
  EXPECT_EQ(words(snapshot, longest.substr(1)), Words{});
}

TEST(AddressSnapshot, says_of_a_scope_too_many_that_it_is_unknown) {
  SnapshotBuilder builder;
  for (unsigned i = 0; i <= SnapshotRecord::most_scopes; ++i) {
    builder.add(source_entry("bob@icloud.com", SuppressionReason::unsubscribe,
                             fmt::format("list:{}.shop.example", i)));
  }
  builder.add(source_entry("bob@icloud.com", SuppressionReason::unsubscribe));
  const AddressSnapshot snapshot = std::move(builder).finish("");
  Words scopes;
  for (const SnapshotRecord& record : snapshot.records(snapshot.hash_of("bob@icloud.com"))) {
    scopes.emplace_back(snapshot.scope(record));
  }
  EXPECT_EQ(scopes.size(), SnapshotRecord::most_scopes + 2u);
  EXPECT_EQ(std::ranges::count(scopes, ""), 1);
  EXPECT_EQ(std::ranges::count(scopes, "global"), 1);
  EXPECT_EQ(std::ranges::count(scopes, "list:8189.shop.example"), 1);
}

TEST(AddressSnapshot, lets_what_is_newer_hold_of_an_address_and_nothing_else_of_it) {
  SnapshotBuilder first;
  first.add(source_entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:news"));
  first.add(source_entry("bob@icloud.com", SuppressionReason::manual));
  first.add(source_entry("eve@icloud.com", SuppressionReason::complaint));
  first.add(source_entry("joe@icloud.com", SuppressionReason::complaint, "stream:news"));
  const AddressSnapshot older = std::move(first).finish("older");
  SnapshotBuilder second(older);
  second.add(source_entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:offers"));
  second.end("eve@icloud.com");
  second.end("nobody@icloud.com");
  const AddressSnapshot newer = std::move(second).finish("newer");

  const AddressSnapshot kept = AddressSnapshot::merge(older, newer, AddressSnapshot::Ended::keep);
  EXPECT_EQ(words(kept, "bob@icloud.com"), Words{"unsubscribe stream:offers"});
  EXPECT_EQ(words(kept, "eve@icloud.com"), Words{"ended"});
  EXPECT_EQ(words(kept, "joe@icloud.com"), Words{"complaint stream:news"});
  EXPECT_EQ(kept.cursor(), "newer");
  EXPECT_EQ(kept.size(), 4u);

  const AddressSnapshot dropped =
      AddressSnapshot::merge(older, newer, AddressSnapshot::Ended::drop);
  EXPECT_EQ(words(dropped, "bob@icloud.com"), Words{"unsubscribe stream:offers"});
  EXPECT_EQ(words(dropped, "eve@icloud.com"), Words{});
  EXPECT_EQ(words(dropped, "joe@icloud.com"), Words{"complaint stream:news"});
  EXPECT_EQ(dropped.size(), 2u);
}

// Against a std::map, over many rounds of changes.
TEST(AddressSnapshot, stays_what_a_plain_map_says_through_a_hundred_merges) {
  std::mt19937 random(1);
  std::map<std::string, Words> truth;
  AddressSnapshot snapshot = SnapshotBuilder().finish("");
  for (int round = 0; round < 100; ++round) {
    SnapshotBuilder builder(snapshot);
    std::map<std::string, Words> changed;
    for (unsigned i = 0; i < 1 + random() % 200; ++i) {
      changed[fmt::format("a{}@icloud.com", random() % 3000)] = Words(random() % 3);
    }
    for (auto& [key, entries] : changed) {
      for (std::size_t i = 0; i < entries.size(); ++i) {
        const std::string scope = fmt::format("stream:{}-{}", random() % 50, i);
        builder.add(source_entry(key, SuppressionReason::unsubscribe, scope));
        entries[i] = "unsubscribe " + scope;
      }
      if (entries.empty()) builder.end(key);
      std::ranges::sort(entries);
      truth[key] = entries;
    }
    snapshot = AddressSnapshot::merge(snapshot, std::move(builder).finish(""),
                                      AddressSnapshot::Ended::drop);
  }
  std::size_t entries = 0;
  for (const auto& [key, expected] : truth) {
    EXPECT_EQ(words(snapshot, key), expected) << key;
    entries += expected.size();
  }
  EXPECT_EQ(snapshot.size(), entries);
}

TEST(AddressSnapshot, needs_less_than_sixteen_octets_an_entry) {
  SnapshotBuilder builder;
  for (int i = 0; i < 100000; ++i) {
    builder.add(source_entry(fmt::format("a{}@icloud.com", i), SuppressionReason::unsubscribe));
  }
  const AddressSnapshot snapshot = std::move(builder).finish("");
  EXPECT_EQ(snapshot.size(), 100000u);
  EXPECT_LT(snapshot.memory(), 1600000u);
}

}  // namespace
}  // namespace icm
