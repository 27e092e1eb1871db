// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_book.h"

#include "policy/store/suppression_import.h"

namespace icm {

Result<std::unique_ptr<SuppressionBook>> SqliteSuppressionBook::open(const std::string& path,
                                                                     Missing missing,
                                                                     Deadline deadline) {
  ICM_TRY(SuppressionRecords records, SuppressionRecords::open(path, missing, deadline));
  return std::unique_ptr<SuppressionBook>(
      new SqliteSuppressionBook(path, deadline, std::move(records)));
}

void SqliteSuppressionBook::wait_until(Deadline deadline) {
  deadline_ = deadline;
  records_.wait_until(deadline);
  if (writer_) writer_->wait_until(deadline);
}

// A store that was there when the book was opened and is not now is a fault, not a reason to begin
// another one.
Result<SuppressionWriter*> SqliteSuppressionBook::writer() {
  if (!writer_) {
    ICM_TRY(writer_, SuppressionWriter::open(path_, Missing::refuse, deadline_));
  }
  return &*writer_;
}

Result<Outcome> SqliteSuppressionBook::add(const Suppression& entry, const Deed& deed) {
  ICM_TRY(SuppressionWriter * opened, writer());
  return opened->add(entry, deed);
}

Status SqliteSuppressionBook::add_all(const std::vector<Suppression>& entries, const Deed& deed) {
  ICM_TRY(SuppressionWriter * opened, writer());
  return opened->add_all(entries, deed);
}

Result<std::vector<Suppression>> SqliteSuppressionBook::remove(const EntryChoice& choice,
                                                               const Deed& deed) {
  ICM_TRY(SuppressionWriter * opened, writer());
  return opened->remove(choice, deed);
}

Result<std::vector<Recorded>> SqliteSuppressionBook::standing(
    const std::vector<std::string>& addresses) {
  return records_.standing(addresses);
}

Result<std::vector<Recorded>> SqliteSuppressionBook::past(
    const std::vector<std::string>& addresses) {
  return records_.past(addresses);
}

Status SqliteSuppressionBook::each(const RecordFilter& filter, WallTime now,
                                   const std::function<void(const Suppression&)>& visit) {
  return records_.each(filter, now, visit);
}

Result<std::unique_ptr<ImportJob>> SqliteSuppressionBook::begin_import() {
  ICM_TRY(SuppressionImport job, SuppressionImport::open(path_, deadline_));
  return std::unique_ptr<ImportJob>(new SuppressionImport(std::move(job)));
}

Result<std::vector<ImportRecord>> SqliteSuppressionBook::imports() { return records_.imports(); }

Result<UndoCount> SqliteSuppressionBook::undo(const Batch& batch, const Deed& deed,
                                              Undoing undoing) {
  ICM_TRY(SuppressionWriter * opened, writer());
  return opened->undo(batch, deed, undoing);
}

}  // namespace icm
