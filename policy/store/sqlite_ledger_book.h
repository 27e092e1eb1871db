// SPDX-License-Identifier: Apache-2.0
//
// SqliteLedgerBook: the ledger of consent in the SQLite file of the suppression list, for whoever
// keeps it.
#pragma once

#include <optional>
#include <string>

#include "policy/store/ledger.h"
#include "policy/store/sqlite.h"

namespace icm {

// A connection for looking, and from the first change on one for writing: so that who may only read
// the file can look.
class SqliteLedgerBook final : public LedgerBook {
 public:
  // Refuses, with Code::config, what is not a store or cannot be used by this user.
  [[nodiscard]] static Result<std::unique_ptr<LedgerBook>> open(const std::string& path,
                                                                Missing missing, Deadline deadline);

  void wait_until(Deadline deadline) override;
  [[nodiscard]] Result<Outcome> add(const Subscription& subscription) override;
  [[nodiscard]] Result<std::uint64_t> remove(const std::string& address,
                                             const std::optional<std::string>& scope) override;
  [[nodiscard]] Result<std::vector<Subscription>> of(const std::string& address) override;
  [[nodiscard]] Status each(const LedgerFilter& filter,
                            const std::function<void(const Subscription&)>& visit) override;
  [[nodiscard]] Result<std::unique_ptr<LedgerImport>> begin_import() override;

 private:
  SqliteLedgerBook(std::string path, Deadline deadline, Database reader)
      : path_(std::move(path)), deadline_(deadline), reader_(std::move(reader)) {}
  [[nodiscard]] Result<Database*> writer();

  std::string path_;
  Deadline deadline_;
  Database reader_;
  std::optional<Statement> subscriptions_;  // of one address; prepared by the first question
  std::optional<Database> writer_;
};

}  // namespace icm
