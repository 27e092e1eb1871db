// SPDX-License-Identifier: Apache-2.0
#include "policy/store/suppression_writer.h"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/store/sqlite_store.h"
#include "test/support/suppression_entries.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;

class SuppressionWriterTest : public testing::Test {
 protected:
  SuppressionWriter writer() {
    auto opened = SuppressionWriter::open(path, Missing::make, Deadline::in(60s));
    EXPECT_TRUE(opened) << opened.error().text;
    return *std::move(opened);
  }

  Outcome add(const Suppression& one, Deed by = deed()) {
    const auto outcome = writer().add(one, by);
    EXPECT_TRUE(outcome) << outcome.error().text;
    return *outcome;
  }

  TemporaryDirectory directory;
  std::string path = directory.path() / "store.db";
};

TEST_F(SuppressionWriterTest, leaves_no_octet_of_an_erased_note_or_cause_in_the_store_or_its_log) {
  Suppression told = entry("bob@icloud.com", SuppressionReason::manual);
  told.note = "a very remarkable sentence";
  add(told);
  SuppressionWriter open = writer();  // so that nobody is the last to close the store
  ASSERT_TRUE(open.remove({"bob@icloud.com", {}, {}},
                          deed(Deed::Kind::remove, "a remarkable letter of bob@icloud.com")));
  ASSERT_TRUE(open.add(entry("bob@icloud.com", SuppressionReason::erasure), deed()));
  std::string octets;
  for (const auto& file : std::filesystem::directory_iterator(directory.path())) {
    std::ifstream stream(file.path(), std::ios::binary);
    octets.append(std::istreambuf_iterator<char>(stream), {});
  }
  EXPECT_NE(octets.find("bob@icloud.com"), std::string::npos);
  EXPECT_EQ(octets.find("remarkable"), std::string::npos);
}

TEST_F(SuppressionWriterTest, adds_many_at_once_as_it_would_one_by_one) {
  add(entry("a7@icloud.com", SuppressionReason::manual));
  std::vector<Suppression> many;
  for (int i = 0; i < 1200; ++i) {
    many.push_back(
        entry("a" + std::to_string(i % 1100) + "@icloud.com", SuppressionReason::manual));
  }
  SuppressionWriter open = writer();
  ASSERT_TRUE(open.add_all(many, deed()));
  const auto number = [&](const std::string& sql) {
    return *Database::open(path, Database::Access::read)->number(sql);
  };
  EXPECT_EQ(number("SELECT count(*) FROM suppression"), 1100);
  EXPECT_LE(number("SELECT count(*) FROM deed"), 4);
  Suppression wrong = many.front();
  wrong.reason = SuppressionReason::erasure;
  const Status refused = open.add_all({wrong}, deed());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "erasure: expected to be added by itself");
}

TEST_F(SuppressionWriterTest, keeps_a_deed_an_hour_of_who_says_the_same_all_day) {
  const auto deeds = [&] {
    return *Database::open(path, Database::Access::read)->number("SELECT count(*) FROM deed");
  };
  Suppression again = entry("bob@icloud.com");
  for (int i = 0; i < 20; ++i) {
    add(again);
    again.created += 1min;
  }
  EXPECT_EQ(deeds(), 2) << "who said it first, and who said it again";
  again.created += 1h;
  add(again);
  EXPECT_EQ(deeds(), 3);
}

TEST_F(SuppressionWriterTest, does_not_make_a_store_where_none_is_wanted) {
  const auto opened = SuppressionWriter::open(path, Missing::refuse, Deadline::in(1s));
  EXPECT_EQ(opened.error(),
            (Error{Code::config, path + ": there is no store; put its backup back if there was "
                                        "one, or make an empty one with "
                                        "icloud-milterctl store init"}));
  directory.write("store.db", "");
  const auto empty = SuppressionWriter::open(path, Missing::refuse, Deadline::in(1s));
  EXPECT_EQ(empty.error(),
            (Error{Code::config,
                   path + ": expected a suppression store, found an empty file; put its backup "
                          "back if there was one, or make an empty one with icloud-milterctl "
                          "store init"}));
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

// As kill -9 does, in the middle of a write.
TEST_F(SuppressionWriterTest, what_was_acknowledged_is_there_after_the_writer_was_killed) {
  int acknowledged[2];
  ASSERT_EQ(::pipe(acknowledged), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto own = writer();
    for (int i = 0;; ++i) {
      if (!own.add(entry(fmt::format("u{}@icloud.com", i)), deed())) ::_exit(1);
      if (::write(acknowledged[1], "", 1) != 1) ::_exit(1);
    }
  }
  ::close(acknowledged[1]);
  char ignored = 0;
  int count = 0;
  while (count < 50 && ::read(acknowledged[0], &ignored, 1) == 1) ++count;
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  while (::read(acknowledged[0], &ignored, 1) == 1) ++count;
  ::close(acknowledged[0]);
  ASSERT_GE(count, 50);
  const auto list = *SqliteSuppressionList::open(path, Missing::refuse, Deadline::in(60s));
  for (int i = 0; i < count; ++i) {
    const auto mailbox = *Mailbox::parse(fmt::format("u{}@icloud.com", i));
    EXPECT_EQ(list->find(mailbox, {}, false, now, Deadline::in(60s))->size(), 1u) << i;
  }
}

TEST(Merged, keeps_the_longer_time_and_the_first_source) {
  Suppression known = entry("bob@icloud.com", SuppressionReason::manual);
  known.expires = now + 1h;
  Suppression given = known;
  given.source = "other";
  given.expires = now + 30min;
  given.created = now + 1min;
  Suppression expected = known;
  expected.confirmed = given.created;
  EXPECT_EQ(merged(known, given, now), expected);
  given.expires.reset();
  EXPECT_EQ(merged(known, given, now).expires, std::nullopt);
  known.expires.reset();
  given.expires = now + 1h;
  expected.expires.reset();
  EXPECT_EQ(merged(known, given, now), expected);
}

}  // namespace
}  // namespace icm
