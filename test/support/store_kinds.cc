// SPDX-License-Identifier: Apache-2.0
#include "test/support/store_kinds.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/store/form_book.h"
#include "policy/store/form_ledger_book.h"
#include "policy/store/keyed_source.h"
#include "policy/store/redis_book.h"
#include "policy/store/redis_hashing.h"
#include "policy/store/redis_ledger.h"
#include "policy/store/redis_ledger_book.h"
#include "policy/store/redis_list.h"
#include "policy/store/redis_source.h"
#include "policy/store/sqlite_book.h"
#include "policy/store/sqlite_hashing.h"
#include "policy/store/sqlite_ledger.h"
#include "policy/store/sqlite_ledger_book.h"
#include "policy/store/sqlite_source.h"
#include "policy/store/sqlite_store.h"
#include "test/support/redis_process.h"

namespace icm {
namespace {

Deadline soon() { return Deadline::in(std::chrono::seconds(60)); }

Result<std::unique_ptr<SuppressionBook>> with_forms(Result<std::unique_ptr<SuppressionBook>> book,
                                                    const AddressForms& forms,
                                                    std::unique_ptr<AddressHashing> hashing) {
  if (!book) return book;
  if (!forms.is_keyed()) hashing.reset();
  return std::make_unique<FormBook>(*std::move(book), forms, std::move(hashing), soon());
}

Result<std::unique_ptr<LedgerBook>> with_forms(Result<std::unique_ptr<LedgerBook>> book,
                                               const AddressForms& forms,
                                               std::unique_ptr<AddressHashing> hashing) {
  if (!book || !forms.is_keyed()) return book;
  return std::make_unique<FormLedgerBook>(*std::move(book), forms, std::move(hashing), soon());
}

std::unique_ptr<SuppressionSource> with_forms(std::unique_ptr<SuppressionSource> source,
                                              const AddressForms& forms) {
  if (!forms.is_keyed()) return source;
  return std::make_unique<KeyedSource>(std::move(source), forms);
}

class SqliteTestStore final : public TestStore {
 public:
  Result<std::unique_ptr<SuppressionList>> list() override {
    ICM_TRY(auto opened, SqliteSuppressionList::open(path_, Missing::make, soon(), forms_));
    return opened;
  }
  Result<std::unique_ptr<SuppressionBook>> book(Missing missing) override {
    return with_forms(SqliteSuppressionBook::open(path_, missing, soon()), forms_, hashing());
  }
  Result<std::unique_ptr<SuppressionSource>> source() override {
    ICM_TRY(const auto made, list());  // a source wants the store to be there
    ICM_TRY(auto source, SqliteSource::open(path_));
    return with_forms(std::move(source), forms_);
  }
  void use(AddressForms forms) override { forms_ = std::move(forms); }
  std::unique_ptr<AddressHashing> hashing() override {
    return std::make_unique<SqliteHashing>(path_, forms_);
  }
  std::string place() const override { return path_; }
  std::string everything() override {
    std::string all;
    for (const auto& file : std::filesystem::directory_iterator(directory_.path())) {
      if (file.path().extension() == ".backup") continue;
      std::ifstream in(file.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
  }
  Result<std::unique_ptr<Ledger>> ledger() override {
    ICM_TRY(auto opened, SqliteLedger::open(path_, soon(), forms_));
    return opened;
  }
  Result<std::unique_ptr<LedgerBook>> ledger_book() override {
    return with_forms(SqliteLedgerBook::open(path_, Missing::make, soon()), forms_, hashing());
  }

 private:
  TemporaryDirectory directory_;
  std::string path_ = directory_.path() / "store.db";
  AddressForms forms_;
};

class RedisTestStore final : public TestStore {
 public:
  explicit RedisTestStore(RedisOptions options) : options_(std::move(options)) {
    static std::atomic<int> number = 0;
    options_.prefix = fmt::format("test-{}", ++number);
  }
  Result<std::unique_ptr<SuppressionList>> list() override {
    return RedisSuppressionList::open(options_, Missing::make, soon(), forms_);
  }
  Result<std::unique_ptr<SuppressionBook>> book(Missing missing) override {
    return with_forms(RedisSuppressionBook::open(options_, missing, soon()), forms_, hashing());
  }
  Result<std::unique_ptr<SuppressionSource>> source() override {
    ICM_TRY(const auto made, list());  // a source makes none
    ICM_TRY(auto source, RedisSource::make(options_, directory_.path() / "store.db"));
    return with_forms(std::move(source), forms_);
  }
  void use(AddressForms forms) override {
    forms_ = std::move(forms);
    options_.hash_key_check = forms_.check_value();
  }
  std::unique_ptr<AddressHashing> hashing() override {
    return std::make_unique<RedisHashing>(options_, forms_);
  }
  std::string place() const override {
    RedisClient client(options_);
    EXPECT_TRUE(client.ask("any", {"EXISTS", "any"}, soon()));  // after it, a cluster is known
    return client.text();
  }
  std::string everything() override {
    RedisClient client(options_);
    std::string all;
    const auto read = [&](const std::string& key, RedisCommand command) {
      const auto reply = client.ask(key, command, soon());
      EXPECT_TRUE(reply) << reply.error().text;
      add(*reply, all);
    };
    for (int bucket = 0; bucket < redis_buckets; ++bucket) {
      const BucketKeys keys = bucket_keys(options_.prefix, bucket);
      read(keys.entries, {"ZRANGE", keys.entries, "0", "-1"});
      read(keys.past, {"ZRANGE", keys.past, "0", "-1"});
      read(keys.log, {"XRANGE", keys.log, "-", "+"});
      read(keys.ledger, {"ZRANGE", keys.ledger, "0", "-1"});
    }
    const std::string deeds = deeds_key(options_.prefix);
    read(deeds, {"HGETALL", deeds});
    return all;
  }
  Result<std::unique_ptr<Ledger>> ledger() override {
    return RedisLedger::open(options_, soon(), forms_);
  }
  Result<std::unique_ptr<LedgerBook>> ledger_book() override {
    return with_forms(RedisLedgerBook::open(options_, Missing::make, soon()), forms_, hashing());
  }

 private:
  static void add(const RedisReply& reply, std::string& all) {
    all += reply.text + "\n";
    for (const RedisReply& item : reply.items) add(item, all);
  }

  TemporaryDirectory directory_;  // what the host has beside
  RedisOptions options_;
  AddressForms forms_;
};

RedisOptions shared_server() {
  static const RedisProcess server;
  RedisOptions options = patient_options();
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
