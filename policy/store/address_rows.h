// SPDX-License-Identifier: Apache-2.0
//
// AddressRows: what stands and stood at one address, in the tables of the SQLite store.
#pragma once

#include <string>
#include <vector>

#include "policy/store/entry_versions.h"
#include "policy/store/sqlite.h"

namespace icm {

// Belongs to the Database it was prepared on. Changes are made inside a transaction of the caller.
class AddressRows {
 public:
  [[nodiscard]] static Result<AddressRows> prepare(Database& database);

  // By scope and reason.
  [[nodiscard]] Result<std::vector<Version>> standing(const std::string& address);
  // The latest first.
  [[nodiscard]] Result<std::vector<Version>> past(const std::string& address);

  // False: there is one of the same address, scope and reason, which stays.
  [[nodiscard]] Result<bool> insert(const Version& version);

  // Makes the change. To forget the past takes the ledger's rows of the address along.
  [[nodiscard]] Status change(const AddressChange& change);

 private:
  struct Statements {
    Statement standing;
    Statement past;
    Statement insert;
    Statement replace;
    Statement remove;
    Statement keep;
    Statement forget_causes;
    Statement forget_past;
    Statement forget_subscriptions;
  };
  AddressRows(Database& database, Statements statements)
      : database_(&database), statements_(std::move(statements)) {}
  [[nodiscard]] Result<std::vector<Version>> versions(Query query) const;
  [[nodiscard]] Status forget_past(const std::string& address);

  Database* database_;
  Statements statements_;
};

}  // namespace icm
