// SPDX-License-Identifier: Apache-2.0
//
// SqliteHashing: AddressHashing of a store in an SQLite file.
#pragma once

#include <string>

#include "policy/store/address_hashing.h"
#include "policy/store/book_change.h"
#include "policy/store/sqlite.h"

namespace icm {

// hash() is one transaction: whatever happens, the store is as it was, or all of it is hashed. The
// backup "PATH-unhashed.backup" has the addresses.
class SqliteHashing final : public AddressHashing {
 public:
  SqliteHashing(std::string path, AddressForms forms)
      : path_(std::move(path)), forms_(std::move(forms)) {}

  [[nodiscard]] Status keep_key(Deadline deadline) override;
  [[nodiscard]] Result<std::uint64_t> unhashed(Deadline deadline) override;
  [[nodiscard]] Result<HashingReport> hash(
      const Deed& deed, Deadline deadline,
      const std::function<void(std::uint64_t)>& progress) override;

 private:
  std::string path_;
  AddressForms forms_;
};

}  // namespace icm
