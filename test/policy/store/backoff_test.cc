// SPDX-License-Identifier: Apache-2.0
#include "policy/store/backoff.h"

#include <gtest/gtest.h>

#include "policy/store/sqlite_backoff.h"
#include "policy/store/store_file.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

const Deadline soon = Deadline::in(1h);
const WallTime now = *parse_time("2026-11-21T08:00:00Z");

Backoff pause(std::string subject) {
  return {.kind = BackoffKind::pause,
          .subject = std::move(subject),
          .since = now,
          .until = now + 15min,
          .by = "root",
          .why = "421 [HCM1]"};
}

class SqliteBackoffBookTest : public testing::Test {
 protected:
  std::vector<Backoff> all() {
    const auto all = SqliteBackoffBook(path).all(soon);
    EXPECT_TRUE(all) << all.error().text;
    return all.value_or(std::vector<Backoff>{});
  }

  TemporaryDirectory directory;
  std::string path = (directory.path() / "store.db").string();
  SqliteBackoffBook book{path};
};

TEST_F(SqliteBackoffBookTest, gives_back_what_was_put_in_until_it_is_removed) {
  const Backoff slowed{.kind = BackoffKind::recipient,
                       .subject = "bob@icloud.com",
                       .every = 30min,
                       .since = now,
                       .until = {},
                       .by = "follower",
                       .why = "421 4.7.1 it's \"too much\""};
  ASSERT_TRUE(book.put(pause("all"), soon));
  ASSERT_TRUE(book.put(slowed, soon));
  EXPECT_EQ(all(), (std::vector{pause("all"), slowed}));
  EXPECT_EQ(book.remove(BackoffKind::pause, "all", soon), true);
  EXPECT_EQ(book.remove(BackoffKind::pause, "all", soon), false);
  EXPECT_EQ(all(), std::vector{slowed});
}

TEST_F(SqliteBackoffBookTest, keeps_one_of_a_kind_for_a_subject) {
  ASSERT_TRUE(book.put(pause("all"), soon));
  Backoff longer = pause("all");
  longer.until = now + 1h;
  ASSERT_TRUE(book.put(longer, soon));
  EXPECT_EQ(all(), std::vector{longer});
}

TEST_F(SqliteBackoffBookTest, forgets_a_week_after_the_end) {
  ASSERT_TRUE(book.put(pause("all"), soon));
  Backoff later = pause("192.0.2.7");
  later.since = now + 24h * 8;
  later.until = std::nullopt;
  ASSERT_TRUE(book.put(later, soon));
  EXPECT_EQ(all(), std::vector{later});
}

TEST_F(SqliteBackoffBookTest, holds_nothing_in_a_store_that_nothing_was_put_in) {
  ASSERT_TRUE(open_store(path, Database::Access::write, Missing::make, soon));
  EXPECT_EQ(all(), std::vector<Backoff>{});
  EXPECT_EQ(book.remove(BackoffKind::pause, "all", soon), false);
}

TEST(BackoffSubject, has_one_form_for_each_kind) {
  struct Case {
    BackoffKind kind;
    std::string_view text, form, error;
  };
  for (const Case& one :
       {Case{BackoffKind::pause, "all", "all", ""},
        {BackoffKind::pause, "2001:DB8::7", "2001:db8::7", ""},
        {BackoffKind::slow, "shop", "",
         "expected an address that mail leaves from, or all, got \"shop\""},
        {BackoffKind::recipient, "Bob@iCloud.com", "bob@icloud.com", ""},
        {BackoffKind::recipient, "bob", "", "expected a recipient's address, got \"bob\""},
        {BackoffKind::from_domain, "Shop.Example", "shop.example", ""},
        {BackoffKind::from_domain, "a b", "", "expected a domain, got \"a b\""},
        {BackoffKind::mail_template, "00FF00ff00ff00ff", "00ff00ff00ff00ff", ""},
        {BackoffKind::mail_template, "00ff", "", "expected 16 hexadecimal digits, got \"00ff\""}}) {
    const auto form = backoff_subject(one.kind, one.text);
    EXPECT_EQ(form.value_or(""), one.form);
    EXPECT_EQ(form ? "" : form.error().text, one.error);
  }
}

}  // namespace
}  // namespace icm
