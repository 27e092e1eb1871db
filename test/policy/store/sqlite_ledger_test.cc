// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_ledger.h"

#include <gtest/gtest.h>

#include "policy/store/sqlite_ledger_book.h"
#include "policy/store/suppression_writer.h"
#include "test/support/suppression_entries.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using entries::deed;
using entries::entry;
using entries::now;

const WallTime spring = *parse_time("2026-03-01T00:00:00Z");
const WallTime summer = *parse_time("2026-06-01T00:00:00Z");
const Mailbox bob = *Mailbox::parse("Bob@icloud.com");

Subscription consent(std::string address, WallTime time, std::string scope = "stream:news") {
  return {.address = std::move(address),
          .scope = std::move(scope),
          .consented = time,
          .source = "form",
          .withdrawn = {},
          .engaged = {}};
}

class SqliteLedgerTest : public testing::Test {
 protected:
  SqliteLedgerTest() { book(); }

  Result<Standing> find(std::vector<std::string> scopes = {"stream:news"}) {
    auto ledger = SqliteLedger::open(path, Deadline::in(5s));
    EXPECT_TRUE(ledger) << ledger.error().text;
    return (*ledger)->find(bob, scopes, Deadline::in(5s));
  }

  std::unique_ptr<LedgerBook> book() {
    auto opened = SqliteLedgerBook::open(path, Missing::make, Deadline::in(5s));
    EXPECT_TRUE(opened) << opened.error().text;
    return *std::move(opened);
  }

  SuppressionWriter list() {
    return *SuppressionWriter::open(path, Missing::make, Deadline::in(5s));
  }

  std::vector<Subscription> all(const LedgerFilter& filter = {}) {
    std::vector<Subscription> found;
    EXPECT_TRUE(book()->each(filter, [&](const Subscription& one) { found.push_back(one); }));
    return found;
  }

  TemporaryDirectory directory;
  std::string path = directory.path() / "store.db";
};

TEST_F(SqliteLedgerTest, knows_nobody_in_a_new_store) {
  const auto standing = find();
  ASSERT_TRUE(standing) << standing.error().text;
  EXPECT_EQ(*standing, Standing());
}

TEST_F(SqliteLedgerTest, finds_an_address_as_apple_compares_it_in_the_scopes_asked_for) {
  const auto ledger = book();
  ASSERT_EQ(*ledger->add(consent(bob.key(), spring, "global")), Outcome::added);
  ASSERT_EQ(*ledger->add(consent(bob.key(), summer)), Outcome::added);
  ASSERT_EQ(*ledger->add(consent("eve@icloud.com", summer)), Outcome::added);
  EXPECT_EQ(find()->latest_consent, consent(bob.key(), summer));
  EXPECT_EQ(find({"stream:offers"})->latest_consent, consent(bob.key(), spring, "global"));
  EXPECT_EQ(find({})->latest_consent, consent(bob.key(), spring, "global"));
}

TEST_F(SqliteLedgerTest, is_told_more_and_never_less) {
  const auto ledger = book();
  ASSERT_EQ(*ledger->add(consent(bob.key(), summer)), Outcome::added);
  EXPECT_EQ(*ledger->add(consent(bob.key(), spring)), Outcome::unchanged);
  Subscription engaged = consent(bob.key(), spring);
  engaged.engaged = now;
  EXPECT_EQ(*ledger->add(engaged), Outcome::changed);
  Subscription expected = consent(bob.key(), summer);
  expected.engaged = now;
  EXPECT_EQ(*ledger->of(bob.key()), std::vector<Subscription>{expected});
}

TEST_F(SqliteLedgerTest, removes_one_scope_or_all) {
  const auto ledger = book();
  for (const std::string scope : {"global", "stream:news", "stream:offers"}) {
    ASSERT_EQ(*ledger->add(consent(bob.key(), spring, scope)), Outcome::added);
  }
  EXPECT_EQ(*ledger->remove(bob.key(), "stream:news"), 1u);
  EXPECT_EQ(*ledger->remove(bob.key(), std::nullopt), 2u);
  EXPECT_EQ(*ledger->remove(bob.key(), std::nullopt), 0u);
  EXPECT_EQ(all(), std::vector<Subscription>());
}

TEST_F(SqliteLedgerTest, forgets_with_an_erasure_and_takes_nothing_new) {
  ASSERT_EQ(*book()->add(consent(bob.key(), spring)), Outcome::added);
  ASSERT_EQ(*book()->add(consent("eve@icloud.com", spring)), Outcome::added);
  SuppressionWriter writer = list();
  ASSERT_TRUE(writer.add(entry(bob.key(), SuppressionReason::erasure), deed()));
  EXPECT_EQ(*book()->of(bob.key()), std::vector<Subscription>());
  EXPECT_EQ(*book()->add(consent(bob.key(), summer)), Outcome::unchanged);
  EXPECT_EQ(all(), std::vector<Subscription>{consent("eve@icloud.com", spring)});
  const auto job = book()->begin_import();
  ASSERT_TRUE((*job)->stage(consent(bob.key(), summer), now));
  const auto count = (*job)->commit(Deadline::in(5s), [](std::uint64_t) {});
  ASSERT_TRUE(count) << count.error().text;
  EXPECT_EQ(count->unchanged, 1u);
  EXPECT_EQ(all(), std::vector<Subscription>{consent("eve@icloud.com", spring)});
}

TEST_F(SqliteLedgerTest, knows_who_left_and_was_taken_off_the_list) {
  SuppressionWriter writer = list();
  Suppression left = entry(bob.key(), SuppressionReason::unsubscribe, "stream:news");
  left.created = spring;
  ASSERT_TRUE(writer.add(left, deed()));
  EXPECT_EQ(find()->left, std::nullopt);  // stands on the list, whose policy refuses it
  ASSERT_TRUE(writer.remove({.address = bob.key(), .scope = {}, .reason = {}},
                            deed(Deed::Kind::remove, "asked on the telephone")));
  EXPECT_EQ(find()->left, spring);
  EXPECT_EQ(find({"stream:offers"})->left, std::nullopt);
}

TEST_F(SqliteLedgerTest, knows_when_somebody_left_once_more) {
  SuppressionWriter writer = list();
  Suppression left = entry(bob.key(), SuppressionReason::unsubscribe, "stream:news");
  left.created = spring;
  ASSERT_TRUE(writer.add(left, deed()));
  left.created = summer;
  ASSERT_TRUE(writer.add(left, deed()));
  ASSERT_TRUE(writer.remove({.address = bob.key(), .scope = {}, .reason = {}},
                            deed(Deed::Kind::remove, "asked on the telephone")));
  EXPECT_EQ(find()->left, summer);
}

TEST_F(SqliteLedgerTest, does_not_take_a_bounce_for_a_wish_to_leave) {
  SuppressionWriter writer = list();
  ASSERT_TRUE(writer.add(entry(bob.key(), SuppressionReason::hard_bounce), deed()));
  ASSERT_TRUE(writer.remove({.address = bob.key(), .scope = {}, .reason = {}},
                            deed(Deed::Kind::remove, "an outage")));
  EXPECT_EQ(find()->left, std::nullopt);
}

TEST_F(SqliteLedgerTest, imports_all_or_nothing) {
  {
    const auto job = book()->begin_import();
    ASSERT_TRUE((*job)->stage(consent(bob.key(), spring), now));
  }
  EXPECT_EQ(all(), std::vector<Subscription>());
  ASSERT_TRUE(book()->add(consent("eve@icloud.com", summer)));
  const auto job = book()->begin_import();
  for (const Subscription& one : {consent(bob.key(), spring), consent("eve@icloud.com", spring),
                                  consent(bob.key(), summer)}) {
    ASSERT_TRUE((*job)->stage(one, now));
  }
  EXPECT_EQ((*job)->stage(consent(bob.key(), now + 24h), now).error().text,
            "consented: expected a time that has passed, found 2026-11-22T08:00:00.000Z");
  EXPECT_EQ((*job)->staged(), 3u);
  const auto count = (*job)->commit(Deadline::in(5s), [](std::uint64_t) {});
  ASSERT_TRUE(count) << count.error().text;
  EXPECT_EQ(count->added, 1u);
  EXPECT_EQ(count->changed, 1u);
  EXPECT_EQ(count->unchanged, 1u);
  EXPECT_EQ(all(), (std::vector<Subscription>{consent(bob.key(), summer),
                                              consent("eve@icloud.com", summer)}));
}

TEST_F(SqliteLedgerTest, lists_by_scope_by_domain_and_who_is_inactive) {
  const auto ledger = book();
  Subscription lively = consent("ann@me.com", spring);
  lively.engaged = now;
  Subscription withdrawn = consent("eve@icloud.com", spring, "global");
  withdrawn.consented.reset();
  withdrawn.source.clear();
  withdrawn.withdrawn = spring;
  for (const Subscription& one : {lively, withdrawn, consent(bob.key(), spring)}) {
    ASSERT_TRUE(ledger->add(one));
  }
  EXPECT_EQ(all({.scope = "global", .domain = {}, .inactive = {}}),
            std::vector<Subscription>{withdrawn});
  EXPECT_EQ(all({.scope = {}, .domain = *Domain::parse("me.com"), .inactive = {}}),
            std::vector<Subscription>{lively});
  EXPECT_EQ(all({.scope = {}, .domain = {}, .inactive = summer}),
            std::vector<Subscription>{consent(bob.key(), spring)});
}

TEST_F(SqliteLedgerTest, answers_with_an_error_when_its_table_is_gone) {
  auto ledger = SqliteLedger::open(path, Deadline::in(5s));
  ASSERT_TRUE(ledger);
  ASSERT_TRUE(Database::open(path, Database::Access::write)->execute("DROP TABLE subscription"));
  EXPECT_FALSE((*ledger)->find(bob, {}, Deadline::in(5s)));
}

TEST_F(SqliteLedgerTest, does_not_ask_when_the_time_is_over) {
  auto ledger = SqliteLedger::open(path, Deadline::in(5s));
  ASSERT_TRUE(ledger);
  const auto standing = (*ledger)->find(bob, {}, Deadline::in(0s));
  ASSERT_FALSE(standing);
  EXPECT_EQ(standing.error().code, Code::temporary);
  EXPECT_EQ(standing.error().text, path + ": no time left to ask the ledger");
}

}  // namespace
}  // namespace icm
