// SPDX-License-Identifier: Apache-2.0
//
// FormLedgerBook: a ledger whose addresses are hashed under a key, in front of the book that keeps
// it. Who uses it asks for addresses and is answered with these.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/store/address_forms.h"
#include "policy/store/address_hashing.h"
#include "policy/store/ledger.h"

namespace icm {

// As every LedgerBook, but for each(): it hands out hashes, and knows no domain (Code::permanent).
class FormLedgerBook final : public LedgerBook {
 public:
  FormLedgerBook(std::unique_ptr<LedgerBook> book, AddressForms forms,
                 std::unique_ptr<AddressHashing> hashing, Deadline deadline);

  void wait_until(Deadline deadline) override;
  [[nodiscard]] Result<Outcome> add(const Subscription& subscription) override;
  [[nodiscard]] Result<std::uint64_t> remove(const std::string& address,
                                             const std::optional<std::string>& scope) override;
  [[nodiscard]] Result<std::vector<Subscription>> of(const std::string& address) override;
  [[nodiscard]] Status each(const LedgerFilter& filter,
                            const std::function<void(const Subscription&)>& visit) override;
  [[nodiscard]] Result<std::unique_ptr<LedgerImport>> begin_import() override;

 private:
  class Job;

  std::unique_ptr<LedgerBook> book_;
  AddressForms forms_;
  std::unique_ptr<AddressHashing> hashing_;
  Deadline deadline_;
};

}  // namespace icm
