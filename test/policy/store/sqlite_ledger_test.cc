// SPDX-License-Identifier: Apache-2.0
//
// What only the ledger in a file can meet; what every ledger promises is tested in
// every_ledger_test.cc.
#include "policy/store/sqlite_ledger.h"

#include <gtest/gtest.h>

#include "policy/store/sqlite_ledger_book.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

TEST(SqliteLedger, answers_with_an_error_when_its_table_is_gone) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() / "store.db";
  ASSERT_TRUE(SqliteLedgerBook::open(path, Missing::make, Deadline::in(5s)));
  auto ledger = SqliteLedger::open(path, Deadline::in(5s));
  ASSERT_TRUE(ledger);
  ASSERT_TRUE(Database::open(path, Database::Access::write)->execute("DROP TABLE subscription"));
  EXPECT_FALSE((*ledger)->find(*Mailbox::parse("bob@icloud.com"), {}, Deadline::in(5s)));
}

}  // namespace
}  // namespace icm
