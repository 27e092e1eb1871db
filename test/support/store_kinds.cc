// SPDX-License-Identifier: Apache-2.0
#include "test/support/store_kinds.h"

#include <atomic>

#include <fmt/format.h>

#include "policy/store/redis_book.h"
#include "policy/store/redis_ledger.h"
#include "policy/store/redis_ledger_book.h"
#include "policy/store/redis_list.h"
#include "policy/store/redis_source.h"
#include "policy/store/sqlite_book.h"
#include "policy/store/sqlite_ledger.h"
#include "policy/store/sqlite_ledger_book.h"
#include "policy/store/sqlite_source.h"
#include "policy/store/sqlite_store.h"
#include "test/support/redis_process.h"

namespace icm {
namespace {

Deadline soon() { return Deadline::in(std::chrono::seconds(10)); }

class SqliteTestStore final : public TestStore {
 public:
  Result<std::unique_ptr<SuppressionList>> list() override {
    ICM_TRY(auto opened, SqliteSuppressionList::open(path_, Missing::make, soon()));
    return opened;
  }
  Result<std::unique_ptr<SuppressionBook>> book(Missing missing) override {
    return SqliteSuppressionBook::open(path_, missing, soon());
  }
  Result<std::unique_ptr<SuppressionSource>> source() override {
    ICM_TRY(const auto made, list());  // a source wants the store to be there
    return SqliteSource::open(path_);
  }
  Result<std::unique_ptr<Ledger>> ledger() override {
    ICM_TRY(auto opened, SqliteLedger::open(path_, soon()));
    return opened;
  }
  Result<std::unique_ptr<LedgerBook>> ledger_book() override {
    return SqliteLedgerBook::open(path_, Missing::make, soon());
  }

 private:
  TemporaryDirectory directory_;
  std::string path_ = directory_.path() / "store.db";
};

class RedisTestStore final : public TestStore {
 public:
  explicit RedisTestStore(RedisOptions options) : options_(std::move(options)) {
    static std::atomic<int> number = 0;
    options_.prefix = fmt::format("test-{}", ++number);
  }
  Result<std::unique_ptr<SuppressionList>> list() override {
    return RedisSuppressionList::open(options_, Missing::make, soon());
  }
  Result<std::unique_ptr<SuppressionBook>> book(Missing missing) override {
    return RedisSuppressionBook::open(options_, missing, soon());
  }
  Result<std::unique_ptr<SuppressionSource>> source() override {
    ICM_TRY(const auto made, list());  // a source makes none
    return RedisSource::make(options_, directory_.path() / "store.db");
  }
  Result<std::unique_ptr<Ledger>> ledger() override { return RedisLedger::open(options_, soon()); }
  Result<std::unique_ptr<LedgerBook>> ledger_book() override {
    return RedisLedgerBook::open(options_, Missing::make, soon());
  }

 private:
  TemporaryDirectory directory_;  // what the host has beside
  RedisOptions options_;
};

RedisOptions shared_server() {
  static const RedisProcess server;
  RedisOptions options;
  options.servers = {server.address()};
  return options;
}

RedisOptions shared_cluster() {
  static const RedisClusterNodes cluster;
  return cluster.options();
}

}  // namespace

std::string to_string(TestStoreKind kind) {
  switch (kind) {
    case TestStoreKind::sqlite:
      return "sqlite";
    case TestStoreKind::redis:
      return "redis";
    case TestStoreKind::redis_cluster:
      return "redis_cluster";
  }
  return "invalid";
}

std::unique_ptr<TestStore> make_test_store(TestStoreKind kind) {
  switch (kind) {
    case TestStoreKind::sqlite:
      break;
    case TestStoreKind::redis:
      return std::make_unique<RedisTestStore>(shared_server());
    case TestStoreKind::redis_cluster:
      return std::make_unique<RedisTestStore>(shared_cluster());
  }
  return std::make_unique<SqliteTestStore>();
}

}  // namespace icm
