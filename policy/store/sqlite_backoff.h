// SPDX-License-Identifier: Apache-2.0
//
// SqliteBackoffBook: pauses and slowdowns in the store of one host.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "policy/store/backoff.h"
#include "policy/store/sqlite.h"
#include "policy/store/suppression_book.h"

namespace icm {

// Safe from any thread. Opens the file anew for each question: there is one a second at most, and
// each has its own deadline. A store that was never made holds
// none; one that is lost cannot be asked.
class SqliteBackoffBook final : public BackoffBook {
 public:
  // `missing`: whether put() makes the file. That of the suppression list it must not.
  explicit SqliteBackoffBook(std::string path, Missing missing = Missing::refuse)
      : path_(std::move(path)), missing_(missing) {}

  [[nodiscard]] Status put(const Backoff& backoff, Deadline deadline) override;
  [[nodiscard]] Status put_all(const std::vector<Backoff>& backoffs, Deadline deadline);
  [[nodiscard]] Result<bool> remove(BackoffKind kind, const std::string& subject,
                                    Deadline deadline) override;
  [[nodiscard]] Result<std::vector<Backoff>> all(Deadline deadline) override;

 private:
  Status put_into(Database& database, const Backoff& backoff, Statement& insert);
  Result<Database> open(Database::Access access, Deadline deadline) const;
  const std::string path_;
  const Missing missing_;
  // Looking for what is too old is a look at all: not for each of thousands.
  std::atomic<std::int64_t> next_look_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace icm
