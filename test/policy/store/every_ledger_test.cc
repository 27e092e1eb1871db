// SPDX-License-Identifier: Apache-2.0
//
// What every ledger of consent promises, on each kind of store: judging from it, and keeping it.
#include <gtest/gtest.h>

#include "test/support/every_store.h"

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

class EveryLedger : public EveryStore {
 protected:
  EveryLedger() { ledger_book(); }

  std::unique_ptr<LedgerBook> ledger_book() {
    auto opened = store->ledger_book();
    EXPECT_TRUE(opened) << opened.error().text;
    return *std::move(opened);
  }

  Result<Standing> find(std::vector<std::string> scopes = {"stream:news"},
                        Deadline deadline = Deadline::in(60s)) {
    auto ledger = store->ledger();
    EXPECT_TRUE(ledger) << ledger.error().text;
    return (*ledger)->find(bob, scopes, deadline);
  }

  Outcome tell(const Subscription& subscription) {
    const auto outcome = ledger_book()->add(subscription);
    EXPECT_TRUE(outcome) << outcome.error().text;
    return outcome.value_or(Outcome::unchanged);
  }

  std::vector<Subscription> kept(const LedgerFilter& filter = {}) {
    std::vector<Subscription> all;
    const Status read =
        ledger_book()->each(filter, [&](const Subscription& one) { all.push_back(one); });
    EXPECT_TRUE(read) << read.error().text;
    return all;
  }

  ImportCount import_all(const std::vector<Subscription>& some) {
    const auto job = ledger_book()->begin_import();
    for (const Subscription& one : some) EXPECT_TRUE((*job)->stage(one, now));
    EXPECT_EQ((*job)->staged(), some.size());
    const auto count = (*job)->commit(Deadline::in(60s), [](std::uint64_t) {});
    EXPECT_TRUE(count) << count.error().text;
    return count.value_or(ImportCount{});
  }

  // Somebody's word takes bob off the suppression list.
  void take_off() {
    const auto removed = book()->remove({.address = bob.key(), .scope = {}, .reason = {}},
                                        deed(Deed::Kind::remove, "asked on the telephone"));
    EXPECT_TRUE(removed) << removed.error().text;
  }
};

TEST_P(EveryLedger, knows_nobody_in_a_new_store) {
  const auto standing = find();
  ASSERT_TRUE(standing) << standing.error().text;
  EXPECT_EQ(*standing, Standing());
}

TEST_P(EveryLedger, finds_an_address_as_apple_compares_it_in_the_scopes_asked_for) {
  const auto ledger = ledger_book();
  ASSERT_EQ(*ledger->add(consent(bob.key(), spring, "global")), Outcome::added);
  ASSERT_EQ(*ledger->add(consent(bob.key(), summer)), Outcome::added);
  ASSERT_EQ(*ledger->add(consent("eve@icloud.com", summer)), Outcome::added);
  EXPECT_EQ(find()->latest_consent, consent(bob.key(), summer));
  EXPECT_EQ(find({"stream:offers"})->latest_consent, consent(bob.key(), spring, "global"));
  EXPECT_EQ(find({})->latest_consent, consent(bob.key(), spring, "global"));
}

TEST_P(EveryLedger, is_told_more_and_never_less) {
  const auto ledger = ledger_book();
  ASSERT_EQ(*ledger->add(consent(bob.key(), summer)), Outcome::added);
  EXPECT_EQ(*ledger->add(consent(bob.key(), spring)), Outcome::unchanged);
  Subscription engaged = consent(bob.key(), spring);
  engaged.engaged = now;
  EXPECT_EQ(*ledger->add(engaged), Outcome::changed);
  Subscription expected = consent(bob.key(), summer);
  expected.engaged = now;
  EXPECT_EQ(*ledger->of(bob.key()), std::vector<Subscription>{expected});
}

TEST_P(EveryLedger, removes_one_scope_or_all) {
  const auto ledger = ledger_book();
  for (const std::string scope : {"global", "stream:news", "stream:offers"}) {
    ASSERT_EQ(*ledger->add(consent(bob.key(), spring, scope)), Outcome::added);
  }
  EXPECT_EQ(*ledger->remove(bob.key(), "stream:news"), 1u);
  EXPECT_EQ(*ledger->remove(bob.key(), std::nullopt), 2u);
  EXPECT_EQ(*ledger->remove(bob.key(), std::nullopt), 0u);
  EXPECT_EQ(kept(), std::vector<Subscription>());
}

TEST_P(EveryLedger, forgets_with_an_erasure_and_takes_nothing_new) {
  const Subscription of_eve = consent("eve@icloud.com", spring);
  tell(consent(bob.key(), spring));
  tell(of_eve);
  add(entry(bob.key(), SuppressionReason::erasure));
  EXPECT_EQ(*ledger_book()->of(bob.key()), std::vector<Subscription>());
  EXPECT_EQ(tell(consent(bob.key(), summer)), Outcome::unchanged);
  EXPECT_EQ(kept(), std::vector<Subscription>{of_eve});
  EXPECT_EQ(import_all({consent(bob.key(), summer)}).unchanged, 1u);
  EXPECT_EQ(kept(), std::vector<Subscription>{of_eve});
  EXPECT_EQ(*find(), Standing());
}

TEST_P(EveryLedger, knows_who_left_and_was_taken_off_the_list) {
  Suppression left = entry(bob.key(), SuppressionReason::unsubscribe, "stream:news");
  left.created = spring;
  add(left);
  EXPECT_EQ(find()->left, std::nullopt);  // stands on the list, whose policy refuses it
  take_off();
  EXPECT_EQ(find()->left, spring);
  EXPECT_EQ(find({"stream:offers"})->left, std::nullopt);
}

TEST_P(EveryLedger, knows_when_somebody_left_once_more) {
  Suppression left = entry(bob.key(), SuppressionReason::unsubscribe, "stream:news");
  left.created = spring;
  add(left);
  left.created = summer;
  add(left);
  take_off();
  EXPECT_EQ(find()->left, summer);
}

TEST_P(EveryLedger, does_not_take_a_bounce_for_a_wish_to_leave) {
  add(entry(bob.key(), SuppressionReason::hard_bounce));
  take_off();
  EXPECT_EQ(find()->left, std::nullopt);
}

TEST_P(EveryLedger, imports_all_or_nothing) {
  {
    const auto job = ledger_book()->begin_import();
    ASSERT_TRUE((*job)->stage(consent(bob.key(), spring), now));
    EXPECT_EQ((*job)->stage(consent(bob.key(), now + 24h), now).error().text,
              "consented: expected a time that has passed, found 2026-11-22T08:00:00.000Z");
    EXPECT_EQ((*job)->staged(), 1u);
  }
  EXPECT_EQ(kept(), std::vector<Subscription>());
  tell(consent("eve@icloud.com", summer));
  const ImportCount count = import_all(
      {consent(bob.key(), spring), consent("eve@icloud.com", spring), consent(bob.key(), summer)});
  EXPECT_EQ(count.added, 1u);
  EXPECT_EQ(count.changed, 1u);
  EXPECT_EQ(count.unchanged, 1u);
  EXPECT_EQ(kept(), (std::vector<Subscription>{consent(bob.key(), summer),
                                               consent("eve@icloud.com", summer)}));
}

TEST_P(EveryLedger, gives_back_what_an_import_of_many_brought) {
  std::vector<Subscription> many;
  for (int i = 0; i < 1500; ++i) {  // more than are written, or read, at once
    many.push_back(consent(fmt::format("user{:04}@icloud.com", i), spring));
    many.back().source = i % 2 == 0 ? "" : "formul\xc3\xa1\xc5\x99";
    many.back().engaged = summer;
  }
  EXPECT_EQ(import_all(many).added, many.size());
  EXPECT_EQ(kept(), many);
  EXPECT_EQ(import_all(many).unchanged, many.size());
}

TEST_P(EveryLedger, opens_an_entry_of_the_list_by_a_later_consent_alone) {
  Suppression left = entry(bob.key(), SuppressionReason::unsubscribe, "stream:news");
  left.created = summer;
  add(left);
  const auto opener = [&] { return opener_of(left, *ledger_book()->of(bob.key())); };
  EXPECT_EQ(opener(), std::nullopt);
  tell(consent(bob.key(), spring));
  EXPECT_EQ(opener(), std::nullopt);
  tell(consent(bob.key(), summer + 1s));
  ASSERT_NE(opener(), std::nullopt);
  EXPECT_EQ(found(bob.key(), {"stream:news"}).size(), 1u) << "a consent alone lifts nothing";
  Deed reopening = deed(Deed::Kind::remove, "consent");
  reopening.act_of_recipient = opener()->consented;
  ASSERT_TRUE(book()->remove({bob.key(), left.scope, left.reason}, reopening));
  EXPECT_EQ(found(bob.key(), {"stream:news"}).size(), 0u);
  EXPECT_EQ(find()->left, summer);
  EXPECT_EQ(find()->latest_consent, consent(bob.key(), summer + 1s));
}

TEST_P(EveryLedger, lists_by_scope_by_domain_and_who_is_inactive) {
  const auto ledger = ledger_book();
  Subscription lively = consent("ann@me.com", spring);
  lively.engaged = now;
  Subscription withdrawn = consent("eve@icloud.com", spring, "global");
  withdrawn.consented.reset();
  withdrawn.source.clear();
  withdrawn.withdrawn = spring;
  for (const Subscription& one : {lively, withdrawn, consent(bob.key(), spring)}) {
    ASSERT_TRUE(ledger->add(one));
  }
  EXPECT_EQ(kept({.scope = "global", .domain = {}, .inactive = {}}),
            std::vector<Subscription>{withdrawn});
  EXPECT_EQ(kept({.scope = {}, .domain = *Domain::parse("me.com"), .inactive = {}}),
            std::vector<Subscription>{lively});
  EXPECT_EQ(kept({.scope = {}, .domain = {}, .inactive = summer}),
            std::vector<Subscription>{consent(bob.key(), spring)});
}

TEST_P(EveryLedger, does_not_ask_when_the_time_is_over) {
  const auto standing = find({}, Deadline::in(0s));
  ASSERT_FALSE(standing);
  EXPECT_EQ(standing.error().code, Code::temporary);
  EXPECT_TRUE(standing.error().text.ends_with(": no time left to ask the ledger"))
      << standing.error().text;
}

INSTANTIATE_TEST_SUITE_P(OfAnyKind, EveryLedger, every_store(),
                         [](const auto& kind) { return to_string(kind.param); });

}  // namespace
}  // namespace icm
