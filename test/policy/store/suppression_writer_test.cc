// SPDX-License-Identifier: Apache-2.0
#include "policy/store/suppression_writer.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "policy/store/suppression_records.h"
#include "test/support/suppression_entries.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;

class SuppressionWriterTest : public testing::Test {
 protected:
  SuppressionWriter writer() {
    auto opened = SuppressionWriter::open(path, Missing::make, Deadline::in(10s));
    EXPECT_TRUE(opened) << opened.error().text;
    return *std::move(opened);
  }

  Outcome add(const Suppression& one, Deed by = deed()) {
    const auto outcome = writer().add(one, by);
    EXPECT_TRUE(outcome) << outcome.error().text;
    return *outcome;
  }

  std::vector<Recorded> standing(const std::string& address = "bob@icloud.com") {
    return *SuppressionRecords::open(path, Missing::refuse, Deadline::in(10s))->standing({address});
  }

  std::vector<Recorded> past(const std::string& address = "bob@icloud.com") {
    return *SuppressionRecords::open(path, Missing::refuse, Deadline::in(10s))->past({address});
  }

  Result<std::vector<Suppression>> remove(std::string why, std::optional<std::string> scope = {},
                                          std::optional<SuppressionReason> reason = {}) {
    return writer().remove({Mailbox::parse("Bob@iCloud.com")->key(), scope, reason},
                           deed(Deed::Kind::remove, std::move(why)));
  }

  TemporaryDirectory directory;
  std::string path = directory.path() / "store.db";
};

TEST_F(SuppressionWriterTest, keeps_an_entry_with_who_added_it_when_and_why) {
  const Deed by{Deed::Kind::add, "ann", now + 5s, "a letter"};
  EXPECT_EQ(add(entry("bob@icloud.com"), by), Outcome::added);
  EXPECT_EQ(standing(), (std::vector{Recorded{entry("bob@icloud.com"), by, {}}}));
  EXPECT_EQ(past(), std::vector<Recorded>{});
}

TEST_F(SuppressionWriterTest, adding_the_same_again_changes_nothing) {
  const Deed first = deed();
  add(entry("bob@icloud.com"), first);
  Suppression later = entry("bob@icloud.com");
  later.created = now + 1h;
  later.source = "import:again.csv";
  EXPECT_EQ(add(later, {Deed::Kind::import, "ann", now + 1h, ""}), Outcome::unchanged);
  EXPECT_EQ(standing(), (std::vector{Recorded{entry("bob@icloud.com"), first, {}}}));
}

TEST_F(SuppressionWriterTest, entries_of_other_scopes_and_reasons_stand_side_by_side) {
  add(entry("bob@icloud.com"));
  EXPECT_EQ(add(entry("bob@icloud.com", SuppressionReason::complaint)), Outcome::added);
  EXPECT_EQ(add(entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:news")),
            Outcome::added);
  EXPECT_EQ(standing().size(), 3u);
}

TEST_F(SuppressionWriterTest, an_earlier_start_a_later_end_and_a_new_note_change_an_entry) {
  Suppression one = entry("bob@icloud.com", SuppressionReason::suspended);
  add(one);
  Suppression again = one;
  again.created = now - 1h;
  again.expires = *one.expires + 1h;
  again.note = "552 5.2.2";
  again.source = "second";
  const Deed by{Deed::Kind::add, "ann", now + 1s, ""};
  EXPECT_EQ(add(again, by), Outcome::changed);
  again.source = "cli";  // who told us first
  EXPECT_EQ(standing(), (std::vector{Recorded{again, by, {}}}));
  EXPECT_EQ(past(), (std::vector{Recorded{one, deed(), by}}));
}

TEST_F(SuppressionWriterTest, an_expired_entry_is_replaced_as_if_it_were_new) {
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

TEST_F(SuppressionWriterTest, removes_what_is_asked_for_and_keeps_it_in_the_history) {
  add(entry("bob@icloud.com", SuppressionReason::manual));
  add(entry("bob@icloud.com", SuppressionReason::unsubscribe));
  add(entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:news"));
  add(entry("eve@icloud.com", SuppressionReason::manual));

  EXPECT_EQ(*remove("", "global", SuppressionReason::manual),
            (std::vector{entry("bob@icloud.com", SuppressionReason::manual)}));
  EXPECT_EQ(remove("signed up again", "stream:news")->size(), 1u);
  EXPECT_EQ(remove("signed up again")->size(), 1u);
  EXPECT_EQ(remove("signed up again")->size(), 0u);

  EXPECT_EQ(standing(), std::vector<Recorded>{});
  EXPECT_EQ(standing("eve@icloud.com").size(), 1u);
  const std::vector<Recorded> history = past();
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(words(history[0].entry), "bob@icloud.com global unsubscribe");
  EXPECT_EQ(words(history[1].entry), "bob@icloud.com stream:news unsubscribe");
  EXPECT_EQ(words(history[2].entry), "bob@icloud.com global manual");
  EXPECT_EQ(history[0].ended, deed(Deed::Kind::remove, "signed up again"));
  EXPECT_EQ(history[2].ended, deed(Deed::Kind::remove, ""));
}

TEST_F(SuppressionWriterTest, removes_nothing_permanent_without_a_cause) {
  add(entry("bob@icloud.com", SuppressionReason::manual));
  add(entry("bob@icloud.com", SuppressionReason::complaint, "stream:news"));
  EXPECT_EQ(remove("").error(),
            (Error{Code::permanent,
                   "bob@icloud.com (stream:news): expected a cause, since complaint is permanent; "
                   "found none"}));
  EXPECT_EQ(standing().size(), 2u);
  EXPECT_EQ(past(), std::vector<Recorded>{});
}

TEST_F(SuppressionWriterTest, an_erasure_takes_everything_else_about_the_person) {
  Suppression told = entry("bob@icloud.com", SuppressionReason::manual);
  told.note = "his words";
  add(told);
  remove("");
  add(entry("bob@icloud.com", SuppressionReason::complaint, "stream:news"));
  add(entry("eve@icloud.com"));
  Suppression erasure = entry("bob@icloud.com", SuppressionReason::erasure);
  erasure.note = "letter of his lawyer";
  EXPECT_EQ(add(erasure), Outcome::added);
  erasure.note.clear();
  EXPECT_EQ(standing(), (std::vector{Recorded{erasure, deed(), {}}}));
  EXPECT_EQ(past(), std::vector<Recorded>{});
  EXPECT_EQ(standing("eve@icloud.com").size(), 1u);

  EXPECT_EQ(add(entry("bob@icloud.com", SuppressionReason::hard_bounce)), Outcome::unchanged);
  EXPECT_EQ(standing().size(), 1u);
  EXPECT_EQ(add(erasure), Outcome::unchanged);
}

TEST_F(SuppressionWriterTest, leaves_no_octet_of_an_erased_note_in_the_file) {
  Suppression told = entry("bob@icloud.com", SuppressionReason::manual);
  told.note = "a very remarkable sentence";
  add(told);
  add(entry("bob@icloud.com", SuppressionReason::erasure));
  auto database = Database::open(path, Database::Access::write);
  ASSERT_TRUE(database->execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  std::string octets;
  for (const auto& file : std::filesystem::directory_iterator(directory.path())) {
    std::ifstream stream(file.path(), std::ios::binary);
    octets.append(std::istreambuf_iterator<char>(stream), {});
  }
  EXPECT_NE(octets.find("bob@icloud.com"), std::string::npos);
  EXPECT_EQ(octets.find("remarkable"), std::string::npos);
}

TEST_F(SuppressionWriterTest, does_not_make_a_store_where_none_is_wanted) {
  const auto opened = SuppressionWriter::open(path, Missing::refuse, Deadline::in(1s));
  EXPECT_EQ(opened.error(), (Error{Code::config, path + ": there is no store"}));
  directory.write("store.db", "");
  const auto empty = SuppressionWriter::open(path, Missing::refuse, Deadline::in(1s));
  EXPECT_EQ(empty.error(),
            (Error{Code::config, path + ": expected a suppression store, found an empty file"}));
}

TEST_F(SuppressionWriterTest, waits_for_another_writer_and_gives_up_in_time) {
  SuppressionWriter first = writer();
  auto holder = Database::open(path, Database::Access::write);
  ASSERT_TRUE(holder->execute("BEGIN IMMEDIATE"));
  auto second = SuppressionWriter::open(path, Missing::make, Deadline::in(100ms));
  ASSERT_TRUE(second);
  const auto outcome = second->add(entry("bob@icloud.com"), deed());
  EXPECT_EQ(
      outcome.error(),
      (Error{Code::temporary,
             path + ": another process holds the store locked; the time to wait for it is over"}));
  ASSERT_TRUE(holder->execute("ROLLBACK"));
  EXPECT_EQ(*second->add(entry("bob@icloud.com"), deed()), Outcome::added);
}

TEST(CheckEntry, wants_an_expiry_only_where_one_belongs) {
  for (const SuppressionReason reason : all_suppression_reasons) {
    EXPECT_TRUE(check_entry(entry("bob@icloud.com", reason))) << to_string(reason);
  }
  Suppression one = entry("bob@icloud.com", SuppressionReason::hard_bounce);
  one.expires = now;
  EXPECT_EQ(check_entry(one).error(),
            (Error{Code::syntax,
                   "hard-bounce: expected no expiry, since it never ends by age; found "
                   "2026-11-21T08:00:00.000Z"}));
  one = entry("bob@icloud.com", SuppressionReason::suspended);
  one.expires.reset();
  EXPECT_EQ(check_entry(one).error(),
            (Error{Code::syntax, "suspended: expected an expiry, found none"}));
  one = entry("bob@icloud.com", SuppressionReason::manual);
  one.expires = now;
  EXPECT_TRUE(check_entry(one));
}

TEST(CheckEntry, wants_an_erasure_to_be_global) {
  EXPECT_EQ(check_entry(entry("bob@icloud.com", SuppressionReason::erasure, "stream:news")).error(),
            (Error{Code::syntax, "erasure: expected scope global, found \"stream:news\""}));
}

TEST(CheckEntry, wants_words_that_can_be_shown) {
  Suppression one = entry("bob@icloud.com");
  one.note = "\xc3\xbc" + std::string(998, 'x');
  EXPECT_TRUE(check_entry(one));
  one.note += "x";
  EXPECT_EQ(check_entry(one).error().text,
            "note: expected at most 1000 octets of UTF-8 without control characters, found 1001 "
            "octets, \"\\xc3\\xbc" +
                std::string(58, 'x') + "...\"");
  one.note = "\x1b[2J";
  EXPECT_EQ(
      check_entry(one).error().text,
      "note: expected at most 1000 octets of UTF-8 without control characters, found 4 octets, "
      "\"\\x1b[2J\"");
  one.note =
      "\xc2\x9b"
      "2J";  // CSI as one character
  EXPECT_EQ(
      check_entry(one).error().text,
      "note: expected at most 1000 octets of UTF-8 without control characters, found 4 octets, "
      "\"\\xc2\\x9b2J\"");
  one.note = "\xff";
  EXPECT_FALSE(check_entry(one));
  one.note.clear();
  one.source = std::string(201, 's');
  EXPECT_FALSE(check_entry(one));
  one = entry("a\xc2\x85@icloud.com");
  EXPECT_EQ(check_entry(one).error().text,
            "address: expected at most 254 octets of UTF-8 without control characters, found 14 "
            "octets, \"a\\xc2\\x85@icloud.com\"");
}

TEST(Merged, keeps_the_longer_time_and_the_first_source) {
  Suppression known = entry("bob@icloud.com", SuppressionReason::manual);
  known.expires = now + 1h;
  Suppression given = known;
  given.source = "other";
  given.expires = now + 30min;
  given.created = now + 1min;
  EXPECT_EQ(merged(known, given, now), known);
  given.expires.reset();
  EXPECT_EQ(merged(known, given, now).expires, std::nullopt);
  known.expires.reset();
  given.expires = now + 1h;
  EXPECT_EQ(merged(known, given, now), known);
}

}  // namespace
}  // namespace icm
