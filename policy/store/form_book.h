// SPDX-License-Identifier: Apache-2.0
//
// FormBook: a suppression list whose addresses stand in several forms, in front of the book that
// keeps it. Addresses go into the book in the form that the store keeps, and are found in all of
// them; who uses it asks for addresses and is answered with these.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/store/address_forms.h"
#include "policy/store/address_hashing.h"
#include "policy/store/suppression_book.h"

namespace icm {

// As every SuppressionBook, but for each(): it hands out what is stored, since a hash is nobody's
// address; and where addresses are hashed under a key, it knows no domain, and nobody is forgotten
// (Code::permanent) as long as the store has addresses that are not hashed.
class FormBook final : public SuppressionBook {
 public:
  // `hashing` only where `forms` has a key.
  FormBook(std::unique_ptr<SuppressionBook> book, AddressForms forms,
           std::unique_ptr<AddressHashing> hashing, Deadline deadline);

  void wait_until(Deadline deadline) override;
  [[nodiscard]] Result<Outcome> add(const Suppression& entry, const Deed& deed) override;
  [[nodiscard]] Status add_all(const std::vector<Suppression>& entries, const Deed& deed) override;
  [[nodiscard]] Result<std::vector<Suppression>> remove(const EntryChoice& choice,
                                                        const Deed& deed) override;
  [[nodiscard]] Result<std::vector<Recorded>> standing(
      const std::vector<std::string>& addresses) override;
  [[nodiscard]] Result<std::vector<Recorded>> past(
      const std::vector<std::string>& addresses) override;
  [[nodiscard]] Status each(const RecordFilter& filter, WallTime now,
                            const std::function<void(const Suppression&)>& visit) override;
  [[nodiscard]] Result<std::unique_ptr<ImportJob>> begin_import() override;
  [[nodiscard]] Result<std::vector<ImportRecord>> imports() override;
  [[nodiscard]] Result<UndoCount> undo(const Batch& batch, const Deed& deed,
                                       Undoing undoing) override;

 private:
  class Job;
  // Before anything is written.
  [[nodiscard]] Status begin_writing();

  std::unique_ptr<SuppressionBook> book_;
  AddressForms forms_;
  std::unique_ptr<AddressHashing> hashing_;
  Deadline deadline_;
  bool is_key_kept_ = false;
};

}  // namespace icm
