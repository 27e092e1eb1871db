// SPDX-License-Identifier: Apache-2.0
//
// What every kind of store promises, asked of each of them.
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "test/support/every_store.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;

using Words = std::vector<std::string>;

INSTANTIATE_TEST_SUITE_P(Of, EveryStore, every_store(),
                         [](const auto& kind) { return to_string(kind.param); });

TEST_P(EveryStore, finds_nobody_in_an_empty_list) {
  EXPECT_EQ(found("bob@icloud.com"), Words{});
  EXPECT_EQ(standing(), std::vector<Recorded>{});
  EXPECT_EQ(past(), std::vector<Recorded>{});
  EXPECT_EQ(each({}), Words{});
}

TEST_P(EveryStore, is_not_made_by_whoever_may_not_make_it) {
  EXPECT_EQ(store->book(Missing::refuse).error().code, Code::config);
  ASSERT_TRUE(store->book(Missing::make));
  EXPECT_TRUE(store->book(Missing::refuse));
}

TEST_P(EveryStore, adds_many_at_once_as_it_would_one_by_one) {
  add(entry("p0@icloud.com", SuppressionReason::hard_bounce));
  add(entry("p1@icloud.com", SuppressionReason::erasure));
  std::vector<Suppression> many;
  for (int i = 0; i < 1200; ++i) {
    many.push_back(entry(fmt::format("p{}@icloud.com", i), SuppressionReason::hard_bounce));
  }
  many.push_back(entry("p2@icloud.com"));  // for two reasons
  many.push_back(many[3]);                 // and twice
  const Deed by = deed(Deed::Kind::add, "address-does-not-exist");
  const auto writer = book();
  const Status done = writer->add_all(many, by);
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(all().size(), 1200u + 1u);  // p1 asked to be forgotten, p2 has two
  EXPECT_EQ(standing("p0@icloud.com").at(0).added, deed());
  EXPECT_EQ(standing("p1@icloud.com").at(0).entry.reason, SuppressionReason::erasure);
  EXPECT_EQ(standing("p2@icloud.com").size(), 2u);
  EXPECT_EQ(standing("p3@icloud.com").at(0).added, by);
  EXPECT_EQ(past("p3@icloud.com"), std::vector<Recorded>{});
  const auto before = all();
  ASSERT_TRUE(writer->add_all(many, by));
  EXPECT_EQ(all(), before);
  EXPECT_EQ(writer->add_all({entry("p9@icloud.com", SuppressionReason::erasure)}, by).error().text,
            "erasure: expected to be added by itself");
}

TEST_P(EveryStore, finds_what_was_added_globally_or_in_a_scope_that_is_asked) {
  add(entry("bob@icloud.com"));
  add(entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:news"));
  add(entry("bobby@icloud.com"));
  EXPECT_EQ(found("Bob@iCloud.com"), Words{"bob@icloud.com global unsubscribe"});
  EXPECT_EQ(found("bob@icloud.com", {"stream:news"}),
            (Words{"bob@icloud.com global unsubscribe", "bob@icloud.com stream:news unsubscribe"}));
  EXPECT_EQ(found("bo@icloud.com"), Words{});
}

TEST_P(EveryStore, finds_siblings_where_the_reason_widens) {
  add(entry("bob@me.com"));
  add(entry("bob@mac.com", SuppressionReason::hard_bounce));
  EXPECT_EQ(found("bob@icloud.com"), Words{"bob@me.com global unsubscribe"});
  EXPECT_EQ(found("bob@icloud.com", {}, false), Words{});
}

TEST_P(EveryStore, does_not_find_what_has_expired) {
  const Suppression one = entry("bob@icloud.com", SuppressionReason::suspended);
  add(one);
  EXPECT_EQ(found("bob@icloud.com", {}, true, *one.expires - 1ms),
            Words{"bob@icloud.com global suspended"});
  EXPECT_EQ(found("bob@icloud.com", {}, true, *one.expires), Words{});
}

// Each address is added by one of them, and stands before the others.
TEST_P(EveryStore, counts_right_what_several_import_at_once) {
  constexpr std::size_t addresses = 1500;
  ASSERT_TRUE(store->book());
  std::vector<ImportCount> counts(3);
  std::vector<std::thread> importers;
  for (ImportCount& count : counts) {
    importers.emplace_back([&] {
      const auto writer = book();
      auto job = writer->begin_import();
      for (std::size_t i = 0; i < addresses; ++i) {
        EXPECT_TRUE((*job)->stage(entry(fmt::format("bob{}@icloud.com", i))));
      }
      const auto done =
          (*job)->commit(deed(Deed::Kind::import, "list.csv"), Deadline::in(60s), [](auto) {});
      EXPECT_TRUE(done) << done.error().text;
      if (done) count = *done;
    });
  }
  for (std::thread& importer : importers) importer.join();
  std::size_t added = 0;
  std::size_t unchanged = 0;
  for (const ImportCount& count : counts) {
    added += count.added;
    unchanged += count.unchanged;
    EXPECT_EQ(count.changed, 0u);
  }
  EXPECT_EQ(added, addresses);
  EXPECT_EQ(unchanged, 2 * addresses);
  EXPECT_EQ(all().size(), addresses);
}

TEST_P(EveryStore, keeps_an_entry_whole_with_who_added_it_when_and_why) {
  Suppression one = entry("bob@icloud.com", SuppressionReason::hard_bounce, "global");
  one.note = "Zeichen: \xc3\xa4 \"quoted\" \\ {}";
  one.source = "import:a.csv";
  one.created = now + 7ms;
  one.evidence = Evidence{.pattern = "no-such-user",
                          .reply = "550 5.1.1 <bob@icloud.com>: user does not exist",
                          .queue_id = "4abc",
                          .first_seen = now - 1h,
                          .last_seen = now,
                          .count = 3};
  const Deed by{Deed::Kind::add, "ann", now + 5s, "a letter"};
  EXPECT_EQ(add(one, by), Outcome::added);
  EXPECT_EQ(standing(), (std::vector{Recorded{one, by, {}}}));
}

TEST_P(EveryStore, refuses_entries_that_make_no_sense) {
  Suppression one = entry("bob@icloud.com", SuppressionReason::suspended);
  one.expires.reset();
  EXPECT_EQ(book()->add(one, deed()).error(),
            (Error{Code::syntax, "suspended: expected an expiry, found none"}));
}

TEST_P(EveryStore, adding_the_same_again_keeps_when_it_was_said_last_and_changes_nothing_else) {
  add(entry("bob@icloud.com"));
  Suppression later = entry("bob@icloud.com");
  later.created = now + 1h;
  later.source = "import:again.csv";
  EXPECT_EQ(add(later, {Deed::Kind::import, "ann", now + 1h, ""}), Outcome::unchanged);
  Suppression confirmed = entry("bob@icloud.com");
  confirmed.confirmed = now + 1h;
  EXPECT_EQ(standing(), (std::vector{Recorded{confirmed, deed(), {}}}));
  EXPECT_EQ(past(), std::vector<Recorded>{});
}

TEST_P(EveryStore, an_act_of_the_recipient_must_be_later_than_what_was_said_last) {
  add(entry("bob@icloud.com"));
  Suppression again = entry("bob@icloud.com");
  again.created = now + 48h;
  add(again);
  Deed act = deed(Deed::Kind::remove, "signed up");
  act.act_of_recipient = now + 24h;
  EXPECT_EQ(
      book()->remove({"bob@icloud.com", {}, {}}, act).error(),
      (Error{Code::permanent,
             "bob@icloud.com (global): expected an act of the recipient after "
             "2026-11-23T08:00:00.000Z (unsubscribe), found one of 2026-11-22T08:00:00.000Z"}));
  act.act_of_recipient = now + 49h;
  EXPECT_EQ(book()->remove({"bob@icloud.com", {}, {}}, act)->size(), 1u);
}

TEST_P(EveryStore, an_act_of_the_recipient_ends_neither_the_administrators_word_nor_a_suspension) {
  add(entry("bob@icloud.com"));
  add(entry("bob@icloud.com", SuppressionReason::manual));
  add(entry("bob@icloud.com", SuppressionReason::suspended));
  Deed act = deed(Deed::Kind::remove, "signed up");
  act.act_of_recipient = now + 24h;
  EXPECT_EQ(*book()->remove({"bob@icloud.com", {}, {}}, act), std::vector{entry("bob@icloud.com")});
  EXPECT_EQ(standing().size(), 2u);
  EXPECT_EQ(book()->remove({"bob@icloud.com", {}, SuppressionReason::manual}, act).error(),
            (Error{Code::permanent,
                   "bob@icloud.com (global): expected the administrator's word, since no act of "
                   "the recipient ends manual"}));
}

TEST_P(EveryStore, an_earlier_start_a_later_end_and_a_new_note_change_an_entry) {
  const Suppression one = entry("bob@icloud.com", SuppressionReason::suspended);
  add(one);
  Suppression again = one;
  again.created = now - 1h;
  again.expires = *one.expires + 1h;
  again.note = "552 5.2.2";
  again.source = "second";
  const Deed by{Deed::Kind::add, "ann", now + 1s, ""};
  EXPECT_EQ(add(again, by), Outcome::changed);
  again.source = "cli";  // who told us first
  again.confirmed = one.created;
  EXPECT_EQ(standing(), (std::vector{Recorded{again, by, {}}}));
  EXPECT_EQ(past(), (std::vector{Recorded{one, deed(), by}}));
}

TEST_P(EveryStore, an_expired_entry_is_replaced_as_if_it_were_new) {
  Suppression old = entry("bob@icloud.com", SuppressionReason::suspended);
  old.created = now - 48h;
  old.expires = now - 24h;
  old.source = "old";
  add(old);
  const Suppression fresh = entry("bob@icloud.com", SuppressionReason::suspended);
  EXPECT_EQ(add(fresh), Outcome::added);
  EXPECT_EQ(standing(), (std::vector{Recorded{fresh, deed(), {}}}));
  EXPECT_EQ(past(), (std::vector{Recorded{old, deed(), deed()}}));
}

TEST_P(EveryStore, removes_what_is_meant_and_keeps_it_in_the_history) {
  add(entry("bob@icloud.com", SuppressionReason::manual));
  add(entry("bob@icloud.com", SuppressionReason::unsubscribe));
  add(entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:news"));
  add(entry("eve@icloud.com", SuppressionReason::manual));
  const Deed by = deed(Deed::Kind::remove, "she asked");
  EXPECT_EQ(*book()->remove({"bob@icloud.com", "global", {}}, by),
            (std::vector{entry("bob@icloud.com", SuppressionReason::manual),
                         entry("bob@icloud.com", SuppressionReason::unsubscribe)}));
  EXPECT_EQ(standing().size(), 1u);
  EXPECT_EQ(past().size(), 2u);
  EXPECT_EQ(past()[0].ended, by);
  EXPECT_EQ(found("bob@icloud.com"), Words{});
  EXPECT_EQ(found("eve@icloud.com"), Words{"eve@icloud.com global manual"});
}

TEST_P(EveryStore, removing_what_is_not_there_removes_nothing) {
  EXPECT_EQ(*book()->remove({"bob@icloud.com", {}, {}}, deed(Deed::Kind::remove)),
            std::vector<Suppression>{});
}

TEST_P(EveryStore, a_permanent_entry_is_not_removed_without_a_cause) {
  add(entry("bob@icloud.com"));
  add(entry("bob@icloud.com", SuppressionReason::manual));
  EXPECT_EQ(book()->remove({"bob@icloud.com", {}, {}}, deed(Deed::Kind::remove)).error(),
            (Error{Code::permanent,
                   "bob@icloud.com (global): expected a cause, since unsubscribe is permanent; "
                   "found none"}));
  EXPECT_EQ(standing().size(), 2u);
}

TEST_P(EveryStore, who_says_the_same_all_day_fills_no_history) {
  add(entry("bob@icloud.com"));
  const auto say_again = [&](std::chrono::minutes later) {
    Suppression again = entry("bob@icloud.com");
    again.created = now + later;
    EXPECT_EQ(add(again, deed()), Outcome::unchanged);
    return *standing()[0].entry.confirmed;
  };
  const std::string cursor = *(*store->source())->each([](const SourceEntry&) { return true; });
  for (int i = 1; i < 30; ++i) {
    EXPECT_EQ(say_again(2min * i), now + 2min * i) << "a consent in between would count";
  }
  int changed = 0;
  ASSERT_TRUE((*store->source())
                  ->changes(
                      cursor, 100, [&](std::string_view) { ++changed; },
                      [](const SourceEntry&) { return true; }, Deadline::in(60s)));
  EXPECT_LE(changed, 1);
  EXPECT_EQ(past(), std::vector<Recorded>{});
}

TEST_P(EveryStore, an_erasure_takes_all_else_and_nothing_is_stored_for_the_address_again) {
  add(entry("bob@icloud.com"));
  add(entry("bob@icloud.com", SuppressionReason::manual));
  ASSERT_TRUE(
      book()->remove({"bob@icloud.com", {}, SuppressionReason::manual}, deed(Deed::Kind::remove)));
  Suppression erasure = entry("bob@icloud.com", SuppressionReason::erasure);
  erasure.note = "what he wrote";
  EXPECT_EQ(add(erasure), Outcome::added);
  erasure.note.clear();
  EXPECT_EQ(standing(), (std::vector{Recorded{erasure, deed(), {}}}));
  EXPECT_EQ(past(), std::vector<Recorded>{});
  EXPECT_EQ(add(entry("bob@icloud.com")), Outcome::unchanged);
  EXPECT_EQ(found("bob@icloud.com"), Words{"bob@icloud.com global erasure"});
}

TEST_P(EveryStore, hands_over_its_entries_in_order_and_by_what_is_asked) {
  add(entry("eve@icloud.com"));
  add(entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:news"));
  add(entry("bob@icloud.com", SuppressionReason::complaint));
  add(entry("ann@example.com", SuppressionReason::suspended));
  EXPECT_EQ(each({}),
            (Words{"ann@example.com global suspended", "bob@icloud.com global complaint",
                   "bob@icloud.com stream:news unsubscribe", "eve@icloud.com global unsubscribe"}));
  RecordFilter filter;
  filter.domain = *Domain::parse("icloud.com");
  filter.reason = SuppressionReason::unsubscribe;
  EXPECT_EQ(each(filter),
            (Words{"bob@icloud.com stream:news unsubscribe", "eve@icloud.com global unsubscribe"}));
  filter.scope = "global";
  EXPECT_EQ(each(filter), Words{"eve@icloud.com global unsubscribe"});
  filter.since = now + 1ms;
  EXPECT_EQ(each(filter), Words{});
  RecordFilter expired;
  expired.expiry = RecordFilter::Expiry::expired;
  EXPECT_EQ(each(expired, now + 24h * 31), Words{"ann@example.com global suspended"});
}

TEST_P(EveryStore, imports_thousands_and_counts_them) {
  add(entry("user0007@icloud.com"));
  Suppression earlier = entry("user0008@icloud.com");
  earlier.created = now + 1h;
  add(earlier);
  const auto writer = book();
  auto job = *writer->begin_import();
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(job->stage(entry(fmt::format("user{:04}@icloud.com", i))));
  }
  ASSERT_TRUE(job->stage(entry("user0042@icloud.com")));
  Suppression bad = entry("x@icloud.com");
  bad.expires = now;
  EXPECT_EQ(job->stage(bad).error().code, Code::syntax);
  EXPECT_EQ(job->staged(), 3001u);
  EXPECT_EQ(found("user0001@icloud.com"), Words{}) << "before commit()";
  const auto count = job->commit(deed(Deed::Kind::import), Deadline::in(60s), [](std::uint64_t) {});
  ASSERT_TRUE(count) << count.error().text;
  EXPECT_NE(count->import, 0);
  EXPECT_EQ(count->added, 2998u);
  EXPECT_EQ(count->changed, 1u);
  EXPECT_EQ(count->unchanged, 2u);
  EXPECT_EQ(each({}).size(), 3000u);
  EXPECT_EQ(found("user2999@icloud.com"), Words{"user2999@icloud.com global unsubscribe"});
}

TEST_P(EveryStore, an_import_knows_who_told_it_first_however_far_apart_the_lines_are) {
  Suppression first = entry("bob@icloud.com");
  first.created = now - 1h;
  first.source = "told us first";
  std::vector<Suppression> some = {entry("bob@icloud.com")};
  for (int i = 0; i < 1100; ++i) some.push_back(entry(fmt::format("u{}@icloud.com", i)));
  some.push_back(first);
  import(some);
  first.confirmed = now;
  ASSERT_EQ(standing().size(), 1u);
  EXPECT_EQ(standing()[0].entry, first);
}

TEST_P(EveryStore, an_import_that_is_not_committed_leaves_no_trace) {
  const auto writer = book();
  {
    auto job = *writer->begin_import();
    ASSERT_TRUE(job->stage(entry("bob@icloud.com")));
  }
  EXPECT_EQ(each({}), Words{});
}

TEST_P(EveryStore, writers_at_the_same_time_lose_nothing) {
  (void)book();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const auto writer = book();
      writer->wait_until(Deadline::in(60s));
      for (int j = 0; j < 10; ++j) {
        // All at one address, where they are in each other's way.
        const auto outcome = writer->add(entry("bob@icloud.com", SuppressionReason::unsubscribe,
                                               fmt::format("list:{}.{}", i, j)),
                                         deed());
        EXPECT_TRUE(outcome) << outcome.error().text;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(standing().size(), 40u);
}

// What a snapshot has that was filled and then followed the changes.
struct Followed {
  std::set<std::string> keys;
  SuppressionSource::Visit visit = [this](const SourceEntry& one) {
    keys.emplace(fmt::format("{} {} {}", one.key, one.scope, to_string(one.reason)));
    return true;
  };
  SuppressionSource::Begin begin = [this](std::string_view key) {
    std::erase_if(keys,
                  [&](const std::string& one) { return one.starts_with(std::string(key) + " "); });
  };
};

TEST_P(EveryStore, is_followed_by_what_changes) {
  add(entry("bob@icloud.com"));
  add(entry("eve@icloud.com", SuppressionReason::manual));
  auto source = store->source();
  ASSERT_TRUE(source) << source.error().text;
  Followed snapshot;
  auto cursor = (*source)->each(snapshot.visit);
  ASSERT_TRUE(cursor) << cursor.error().text;
  EXPECT_EQ(snapshot.keys, (std::set<std::string>{"bob@icloud.com global unsubscribe",
                                                  "eve@icloud.com global manual"}));
  ASSERT_TRUE((*source)->look(Deadline::in(60s)));
  EXPECT_EQ(*(*source)->look(Deadline::in(60s)), SuppressionSource::Seen::same);

  add(entry("bob@icloud.com", SuppressionReason::complaint));
  add(entry("new@icloud.com"));
  ASSERT_TRUE(book()->remove({"eve@icloud.com", {}, {}}, deed(Deed::Kind::remove)));
  EXPECT_EQ(*(*source)->look(Deadline::in(60s)), SuppressionSource::Seen::changed);
  const auto next =
      (*source)->changes(*cursor, 1000, snapshot.begin, snapshot.visit, Deadline::in(60s));
  ASSERT_TRUE(next && *next);
  EXPECT_EQ(snapshot.keys, (std::set<std::string>{"bob@icloud.com global complaint",
                                                  "bob@icloud.com global unsubscribe",
                                                  "new@icloud.com global unsubscribe"}));
  Followed nothing;
  const auto last =
      (*source)->changes(**next, 1000, nothing.begin, nothing.visit, Deadline::in(60s));
  ASSERT_TRUE(last && *last);
  EXPECT_EQ(nothing.keys, std::set<std::string>{});
}

TEST_P(EveryStore, says_when_changes_cannot_be_told) {
  add(entry("first@icloud.com"));
  auto source = *store->source();
  Followed snapshot;
  const auto cursor = source->each(snapshot.visit);
  for (int i = 0; i < 10; ++i) add(entry(fmt::format("user{}@icloud.com", i)));
  const auto ask = [&](const std::string& from, std::size_t most) {
    return *source->changes(from, most, snapshot.begin, snapshot.visit, Deadline::in(60s));
  };
  EXPECT_EQ(ask(*cursor, 5), std::nullopt) << "more than are wanted";
  EXPECT_EQ(ask("no cursor", 1000), std::nullopt);
  EXPECT_EQ(ask("", 1000), std::nullopt);
  const auto later = ask(*cursor, 1000);
  ASSERT_NE(later, std::nullopt);
  auto other_store = make_test_store(GetParam());
  auto other = *other_store->source();
  EXPECT_EQ(*other->changes(*later, 1000, snapshot.begin, snapshot.visit, Deadline::in(60s)),
            std::nullopt)
      << "of another list";
}

}  // namespace
}  // namespace icm
