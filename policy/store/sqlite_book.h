// SPDX-License-Identifier: Apache-2.0
//
// SqliteSuppressionBook: the suppression list in an SQLite file, for whoever keeps it.
#pragma once

#include <optional>
#include <string>

#include "policy/store/suppression_book.h"
#include "policy/store/suppression_records.h"
#include "policy/store/suppression_writer.h"

namespace icm {

// A connection for looking at the list, and from the first change on one for writing: so that who
// may only read the file can look.
class SqliteSuppressionBook final : public SuppressionBook {
 public:
  // Refuses, with Code::config, what is not a suppression store or cannot be used by this user.
  [[nodiscard]] static Result<std::unique_ptr<SuppressionBook>> open(const std::string& path,
                                                                     Missing missing,
                                                                     Deadline deadline);

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
  SqliteSuppressionBook(std::string path, Deadline deadline, SuppressionRecords records)
      : path_(std::move(path)), deadline_(deadline), records_(std::move(records)) {}
  [[nodiscard]] Result<SuppressionWriter*> writer();

  std::string path_;
  Deadline deadline_;
  SuppressionRecords records_;
  std::optional<SuppressionWriter> writer_;
};

}  // namespace icm
