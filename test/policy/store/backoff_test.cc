// SPDX-License-Identifier: Apache-2.0
#include "policy/store/backoff.h"

#include <filesystem>
#include <functional>

#include <gtest/gtest.h>

#include "policy/store/backoff_batch.h"
#include "policy/store/generation.h"
#include "policy/store/redis_backoff.h"
#include "policy/store/sqlite_backoff.h"
#include "policy/store/sqlite_book.h"
#include "test/support/redis_process.h"
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

// A book, and what makes another one over the same store.
struct BookKind {
  std::string name;
  std::function<std::unique_ptr<BackoffBook>(const std::string& place)> open;
};

std::unique_ptr<BackoffBook> open_redis(const std::string& prefix) {
  static const RedisProcess server;
  RedisOptions options = patient_options();
  options.servers = {server.address()};
  return std::make_unique<RedisBackoffBook>(std::make_shared<RedisClient>(options), prefix);
}

class EveryBackoffBook : public testing::TestWithParam<BookKind> {
 protected:
  std::vector<Backoff> all() {
    const auto all = GetParam().open(path)->all(soon);
    EXPECT_TRUE(all) << all.error().text;
    return all.value_or(std::vector<Backoff>{});
  }

  TemporaryDirectory directory;
  std::string path = (directory.path() / "store.db").string();
  std::unique_ptr<BackoffBook> opened = GetParam().open(path);
  BackoffBook& book = *opened;
};

INSTANTIATE_TEST_SUITE_P(Of, EveryBackoffBook,
                         testing::Values(BookKind{"sqlite",
                                                  [](const auto& path) {
                                                    return std::make_unique<SqliteBackoffBook>(
                                                        path, Missing::make);
                                                  }},
                                         BookKind{"redis", open_redis}),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(EveryBackoffBook, gives_back_what_was_put_in_until_it_is_removed) {
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

TEST_P(EveryBackoffBook, keeps_one_of_a_kind_for_a_subject) {
  ASSERT_TRUE(book.put(pause("all"), soon));
  Backoff longer = pause("all");
  longer.until = now + 1h;
  ASSERT_TRUE(book.put(longer, soon));
  EXPECT_EQ(all(), std::vector{longer});
}

TEST_P(EveryBackoffBook, holds_many_that_were_put_in_at_once) {
  Backoff longer = pause("all");
  longer.until = now + 1h;
  ASSERT_TRUE(book.put(pause("all"), soon));
  ASSERT_TRUE(put_all(book, {pause("192.0.2.7"), longer}, soon));
  EXPECT_EQ(all(), (std::vector{pause("192.0.2.7"), longer}));
}

TEST_P(EveryBackoffBook, forgets_a_week_after_the_end) {
  ASSERT_TRUE(book.put(pause("all"), soon));
  Backoff later = pause("192.0.2.7");
  later.since = now + 24h * 8;
  later.until = std::nullopt;
  ASSERT_TRUE(book.put(later, soon));
  EXPECT_EQ(all(), std::vector{later});
}

TEST_P(EveryBackoffBook, holds_nothing_where_nothing_was_put_in) {
  EXPECT_EQ(all(), std::vector<Backoff>{});
  EXPECT_EQ(book.remove(BackoffKind::pause, "all", soon), false);
}

TEST(SqliteBackoffBookTest, does_not_take_a_lost_store_for_one_without_pauses) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() / "store.db";
  SqliteBackoffBook book(path);
  EXPECT_EQ(book.all(soon), std::vector<Backoff>{});
  ASSERT_TRUE(SqliteSuppressionBook::open(path, Missing::make, soon));
  ASSERT_TRUE(Generation::open(path));  // as whoever follows the store does
  ASSERT_TRUE(book.put(pause("all"), soon));
  std::filesystem::rename(path, path + "-elsewhere");
  const auto lost = book.all(soon);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().text,
            path +
                ": there is no store; put its backup back if there was one, or make an empty "
                "one with icloud-milterctl store init");
}

TEST(RedisBackoffBookTest, takes_what_it_cannot_read_for_what_holds_and_shows_all_others) {
  const RedisProcess server;
  RedisOptions options = patient_options();
  options.servers = {server.address()};
  RedisBackoffBook book(std::make_shared<RedisClient>(options), "x");
  server.ask({"HSET", "{x:throttle}:backoff", "next-years-kind all", "?"});
  EXPECT_EQ(book.all(soon), std::vector<Backoff>{});
  ASSERT_TRUE(book.put(pause("192.0.2.7"), soon));
  for (const std::string value : {"", "[]", "{}", R"({"percent":0,"every":0,"since":0})"}) {
    server.ask({"HSET", "{x:throttle}:backoff", "pause all", value});
    const auto all = *book.all(soon);
    ASSERT_EQ(all.size(), 2u) << value;
    EXPECT_EQ(all[0], pause("192.0.2.7"));
    EXPECT_EQ(all[1].kind, BackoffKind::pause);
    EXPECT_EQ(all[1].subject, "all");
    EXPECT_EQ(all[1].until, std::nullopt);
    EXPECT_EQ(all[1].why, "what Redis holds of it cannot be read: \"" + value + '"');
  }
  ASSERT_TRUE(book.put(pause("all"), soon));
  EXPECT_EQ(book.all(soon), (std::vector{pause("192.0.2.7"), pause("all")}));
}

TEST(BackoffSubject, has_one_form_for_each_kind) {
  struct Case {
    BackoffKind kind;
    std::string_view text;
    std::string form, error;
  };
  for (const Case& one :
       {Case{BackoffKind::pause, "all", "all", ""},
        {BackoffKind::pause, "2001:DB8::7", "2001:db8::7", ""},
        {BackoffKind::slow, "shop", "",
         "expected an address that mail leaves from, or all, got \"shop\""},
        {BackoffKind::recipient, "Bob@iCloud.com", person_word("bob@icloud.com"), ""},
        {BackoffKind::recipient, "~00ff00ff00ff00ff", "~00ff00ff00ff00ff", ""},
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
