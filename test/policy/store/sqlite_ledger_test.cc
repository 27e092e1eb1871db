// SPDX-License-Identifier: Apache-2.0
//
// What only the ledger in a file can meet; what every ledger promises is tested in
// every_ledger_test.cc.
#include "policy/store/sqlite_ledger.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "policy/store/sqlite_ledger_book.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

TEST(SqliteLedger, answers_with_an_error_when_its_table_is_gone) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() / "store.db";
  ASSERT_TRUE(SqliteLedgerBook::open(path, Missing::make, Deadline::in(60s)));
  auto ledger = SqliteLedger::open(path, Deadline::in(60s));
  ASSERT_TRUE(ledger);
  ASSERT_TRUE(Database::open(path, Database::Access::write)->execute("DROP TABLE subscription"));
  EXPECT_FALSE((*ledger)->find(*Mailbox::parse("bob@icloud.com"), {}, Deadline::in(60s)));
}

// A store with one consent of bob's, of this day.
void make_ledger(const std::string& path, const std::string& day) {
  auto book = SqliteLedgerBook::open(path, Missing::make, Deadline::in(60s));
  ASSERT_TRUE(book);
  ASSERT_TRUE((*book)->add({.address = "bob@icloud.com",
                            .scope = "global",
                            .consented = *parse_time(day),
                            .source = {},
                            .withdrawn = {},
                            .engaged = {}}));
}

TEST(SqliteLedger,
     answers_from_the_file_that_was_put_in_the_place_of_its_own_and_from_no_lost_one) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() / "store.db";
  make_ledger(path, "2026-01-02");
  make_ledger(path + ".backup", "2026-03-04");
  make_ledger(path + ".third", "2026-05-06");
  auto ledger = SqliteLedger::open(path, Deadline::in(60s));
  ASSERT_TRUE(ledger);
  const auto consent = [&]() -> std::string {
    const auto found = (*ledger)->find(*Mailbox::parse("bob@icloud.com"), {}, Deadline::in(60s));
    if (!found) return found.error().text;
    return to_rfc3339(*found->latest_consent.value().consented).substr(0, 10);
  };
  EXPECT_EQ(consent(), "2026-01-02");
  const auto take_away = [&] {
    for (const char* const end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
  };
  take_away();
  EXPECT_NE(consent().find("store.db"), std::string::npos) << consent();
  std::filesystem::rename(path + ".backup", path);
  EXPECT_EQ(consent(), "2026-03-04");
  take_away();
  std::filesystem::rename(path + ".third", path);
  EXPECT_EQ(consent(), "2026-05-06");
}

}  // namespace
}  // namespace icm
