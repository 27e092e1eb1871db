// SPDX-License-Identifier: Apache-2.0
//
// SuppressionRecords: looking at the list in an SQLite file as a whole, for people: what there is,
// and how it came.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "policy/store/sqlite.h"
#include "policy/store/suppression_book.h"

namespace icm {

// One connection; not synchronised. Never changes the list. The calls are SuppressionBook's.
class SuppressionRecords {
 public:
  [[nodiscard]] static Result<SuppressionRecords> open(const std::string& path, Missing missing,
                                                       Deadline deadline);
  void wait_until(Deadline deadline) { database_.wait_until(deadline); }

  [[nodiscard]] Result<std::vector<Recorded>> standing(const std::vector<std::string>& addresses);
  [[nodiscard]] Result<std::vector<Recorded>> past(const std::vector<std::string>& addresses);

  [[nodiscard]] Status each(const RecordFilter& filter, WallTime now,
                            const std::function<void(const Suppression&)>& visit);

  [[nodiscard]] Result<std::vector<ImportRecord>> imports();

 private:
  explicit SuppressionRecords(Database database) : database_(std::move(database)) {}
  [[nodiscard]] Result<std::vector<Recorded>> recorded(std::string_view sql,
                                                       const std::vector<std::string>& addresses);
  Database database_;
};

}  // namespace icm
