// SPDX-License-Identifier: Apache-2.0
//
// Taking a batch back, on every kind of store.
#include <gtest/gtest.h>

#include "policy/store/entry_versions.h"
#include "test/support/every_store.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;

constexpr const char* pattern = "apple.user-unknown";

class EveryStoreUndo : public EveryStore {
 protected:
  static Suppression bounce(std::string address, WallTime seen, std::string by = pattern) {
    Suppression one = entry(std::move(address), SuppressionReason::hard_bounce);
    one.created = seen;
    one.evidence = Evidence{.pattern = std::move(by),
                            .reply = "550 5.1.1 user does not exist",
                            .queue_id = "4XyZ",
                            .first_seen = seen,
                            .last_seen = seen};
    return one;
  }

  UndoCount undo(const Batch& batch, Undoing undoing = Undoing::for_good) {
    const auto count = book()->undo(batch, by, undoing);
    EXPECT_TRUE(count) << count.error().text;
    return *count;
  }

  const Deed by = deed(Deed::Kind::undo, "wrong file");
  const Batch outage{.import = {}, .pattern = pattern, .since = now, .until = now + 1h};
};

INSTANTIATE_TEST_SUITE_P(Of, EveryStoreUndo, every_store(),
                         [](const auto& kind) { return to_string(kind.param); });

UndoCount counted(std::uint64_t removed, std::uint64_t restored, std::uint64_t left) {
  return {.removed = removed, .restored = restored, .left = left};
}

TEST_P(EveryStoreUndo, takes_back_what_an_import_added_and_changed) {
  add(entry("a@me.com"));
  add(entry("b@me.com"));
  const std::vector<Suppression> before = all();
  Suppression noted = entry("a@me.com");
  Suppression later = entry("b@me.com");
  later.created = now + 1h;
  noted.note = "from the list";
  const std::int64_t id = import({noted, later, entry("c@me.com"), entry("d@me.com")});
  EXPECT_EQ(all()[1].confirmed, now + 1h);
  EXPECT_EQ(undo({.import = id, .pattern = {}}), counted(2, 2, 0));
  EXPECT_EQ(all(), before);
}

TEST_P(EveryStoreUndo, leaves_what_somebody_was_told_is_done) {
  const std::int64_t id = import({entry("a@me.com"), entry("b@me.com")});
  EXPECT_EQ(add(entry("a@me.com")), Outcome::unchanged);  // in the same moment
  EXPECT_EQ(undo({.import = id, .pattern = {}}), counted(1, 0, 1));
  EXPECT_EQ(all(), std::vector{entry("a@me.com")});
}

TEST_P(EveryStoreUndo, leaves_what_was_confirmed_more_often_than_is_remembered) {
  const std::int64_t id = import({entry("a@me.com")});
  add(entry("a@me.com"));
  for (std::size_t i = 0; i < most_confirmations + 1; ++i) import({entry("a@me.com")});
  EXPECT_EQ(undo({.import = id, .pattern = {}}), counted(0, 0, 1));
  EXPECT_EQ(all().size(), 1u);
}

TEST_P(EveryStoreUndo, leaves_what_another_import_brought_as_well_until_that_is_undone) {
  const std::int64_t first = import({entry("a@me.com")});
  const std::int64_t second = import({entry("a@me.com")});
  EXPECT_EQ(undo({.import = first, .pattern = {}}), counted(0, 0, 1));
  EXPECT_EQ(undo({.import = second, .pattern = {}}), counted(0, 1, 0));
  EXPECT_EQ(undo({.import = first, .pattern = {}}), counted(1, 0, 0));
  EXPECT_EQ(all(), std::vector<Suppression>{});
}

TEST_P(EveryStoreUndo, never_ends_an_erasure) {
  add(entry("a@me.com"));
  const std::int64_t id = import({entry("a@me.com", SuppressionReason::erasure)});
  EXPECT_EQ(undo({.import = id, .pattern = {}}), counted(0, 0, 1));
  EXPECT_EQ(all(), std::vector{entry("a@me.com", SuppressionReason::erasure)});
}

TEST_P(EveryStoreUndo, takes_back_an_entry_that_stood_in_the_file_twice) {
  add(entry("a@me.com"));
  const std::vector<Suppression> before = all();
  Suppression first = entry("a@me.com");
  first.note = "first";
  Suppression second = first;
  second.note = "second";
  second.created = now + 1h;
  Suppression fresh = entry("b@me.com");
  Suppression again = fresh;
  again.note = "again";
  const std::int64_t id = import({first, second, fresh, again});
  EXPECT_EQ(undo({.import = id, .pattern = {}}), counted(1, 1, 0));
  EXPECT_EQ(all(), before);
}

TEST_P(EveryStoreUndo, leaves_alone_what_somebody_else_has_touched_since) {
  const std::int64_t id = import({entry("a@me.com"), entry("b@me.com"), entry("c@me.com")});
  Suppression noted = entry("a@me.com");
  noted.note = "a letter came, too";
  add(noted);
  ASSERT_EQ(book()
                ->remove({.address = "b@me.com", .scope = {}, .reason = {}},
                         deed(Deed::Kind::remove, "signed up again"))
                ->size(),
            1u);
  EXPECT_EQ(undo({.import = id, .pattern = {}}), counted(1, 0, 2));
  EXPECT_EQ(all(), std::vector{noted});
}

TEST_P(EveryStoreUndo, is_a_deed_that_the_history_shows) {
  const std::int64_t id = import({entry("a@me.com")});
  undo({.import = id, .pattern = {}});
  EXPECT_EQ(*book()->past({"a@me.com"}),
            (std::vector{Recorded{entry("a@me.com"), deed(Deed::Kind::import, "list.csv"), by}}));
}

TEST_P(EveryStoreUndo, on_trial_counts_and_changes_nothing) {
  const std::int64_t id = import({entry("a@me.com"), entry("b@me.com")});
  const std::vector<Suppression> before = all();
  EXPECT_EQ(undo({.import = id, .pattern = {}}, Undoing::on_trial), counted(2, 0, 0));
  EXPECT_EQ(all(), before);
  EXPECT_EQ(undo({.import = id, .pattern = {}}), counted(2, 0, 0));
}

TEST_P(EveryStoreUndo, a_second_time_finds_nothing_to_do) {
  const std::int64_t id = import({entry("a@me.com")});
  undo({.import = id, .pattern = {}});
  EXPECT_EQ(undo({.import = id, .pattern = {}}), counted(0, 0, 0));
}

TEST_P(EveryStoreUndo, takes_imports_back_one_after_the_other) {
  Suppression first = entry("a@me.com");
  first.note = "first";
  Suppression second = first;
  second.note = "second";
  const std::int64_t older = import({first});
  const std::int64_t newer = import({second});
  EXPECT_EQ(undo({.import = newer, .pattern = {}}), counted(0, 1, 0));
  EXPECT_EQ(all(), std::vector{first});
  EXPECT_EQ(undo({.import = older, .pattern = {}}), counted(1, 0, 0));
  EXPECT_EQ(all(), std::vector<Suppression>{});
}

TEST_P(EveryStoreUndo, takes_back_what_a_pattern_did_within_its_window_alone) {
  const Suppression earlier = bounce("before@me.com", now - 1ms);
  const Suppression later = bounce("after@me.com", now + 1h);
  const Suppression other = bounce("other@me.com", now + 1min, "apple.inactive");
  for (const Suppression& one : {earlier, later, other}) add(one);
  add(bounce("first@me.com", now));
  add(bounce("last@me.com", now + 1h - 1ms));
  EXPECT_EQ(undo(outage), counted(2, 0, 0));
  EXPECT_EQ(all(), (std::vector{later, earlier, other}));
}

TEST_P(EveryStoreUndo, goes_back_through_every_reply_of_the_window) {
  const Suppression before = bounce("a@me.com", now - 24h);
  add(before);
  add(bounce("a@me.com", now + 1min));
  add(bounce("a@me.com", now + 2min));
  ASSERT_EQ(all().front().evidence->count, 3);
  EXPECT_EQ(undo(outage), counted(0, 1, 0));
  EXPECT_EQ(all(), std::vector{before});
}

TEST_P(EveryStoreUndo, leaves_alone_what_a_person_confirmed_or_a_later_reply) {
  add(bounce("a@me.com", now + 1min));
  Suppression confirmed = entry("a@me.com", SuppressionReason::hard_bounce);
  confirmed.note = "he left the company";
  add(confirmed);
  add(bounce("b@me.com", now + 1min));
  add(bounce("b@me.com", now + 48h));
  const std::vector<Suppression> before = all();
  EXPECT_EQ(undo(outage), counted(0, 0, 2));
  EXPECT_EQ(all(), before);
}

TEST_P(EveryStoreUndo, needs_a_cause_and_an_import_that_was) {
  const std::int64_t id = import({entry("a@me.com")});
  EXPECT_EQ(book()
                ->undo({.import = id, .pattern = {}}, deed(Deed::Kind::undo), Undoing::for_good)
                .error(),
            (Error{Code::permanent, "undo: expected a cause, found none"}));
  const auto unknown = book()->undo({.import = 99, .pattern = {}}, by, Undoing::for_good);
  EXPECT_EQ(unknown.error().code, Code::permanent);
  EXPECT_TRUE(unknown.error().text.ends_with(": there is no import 99")) << unknown.error().text;
}

TEST_P(EveryStoreUndo, imports_are_listed_with_what_they_brought) {
  const std::int64_t id = import({entry("a@me.com"), entry("b@me.com")});
  add(entry("c@me.com"));
  EXPECT_EQ(*book()->imports(),
            (std::vector{ImportRecord{
                .import = id, .deed = deed(Deed::Kind::import, "list.csv"), .entries = 2}}));
}

}  // namespace
}  // namespace icm
