// SPDX-License-Identifier: Apache-2.0
//
// Every kind of store, made for a test: whoever tests what all of them promise needs to know none.
#pragma once

#include <memory>
#include <string>

#include "policy/store/address_hashing.h"
#include "policy/store/ledger.h"
#include "policy/store/suppression_book.h"
#include "policy/store/suppression_source.h"

namespace icm {

// An empty list of its own; servers are shared by the tests of a program.
class TestStore {
 public:
  virtual ~TestStore() = default;
  virtual Result<std::unique_ptr<SuppressionList>> list() = 0;
  virtual Result<std::unique_ptr<SuppressionBook>> book(Missing missing = Missing::make) = 0;
  virtual Result<std::unique_ptr<SuppressionSource>> source() = 0;
  virtual Result<std::unique_ptr<Ledger>> ledger() = 0;  // once there is a book of it
  virtual Result<std::unique_ptr<LedgerBook>> ledger_book() = 0;

  // From now on whoever opens the store has these.
  virtual void use(AddressForms forms) = 0;
  virtual std::unique_ptr<AddressHashing> hashing() = 0;
  virtual std::string place() const = 0;  // as errors name it
  // Every octet that is kept of the list, its history, the ledger and what was done.
  virtual std::string everything() = 0;
};

enum class TestStoreKind { sqlite, redis, redis_cluster };

std::string to_string(TestStoreKind kind);  // "sqlite"

std::unique_ptr<TestStore> make_test_store(TestStoreKind kind);

}  // namespace icm
