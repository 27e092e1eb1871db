// SPDX-License-Identifier: Apache-2.0
#include "policy/store/suppression_writer.h"

#include <algorithm>

#include "policy/store/book_change.h"
#include "policy/store/entry_merge.h"
#include "policy/store/store_file.h"
#include "policy/store/suppression_undo.h"

namespace icm {
namespace {

// Whoever asked to be forgotten is not left in the write-ahead log until somebody writes again.
constexpr std::chrono::seconds wait_for_readers{2};

constexpr std::size_t most_at_once = 500;  // others wait while they are written

}  // namespace

Result<SuppressionWriter> SuppressionWriter::open(const std::string& path, Missing missing,
                                                  Deadline deadline) {
  ICM_TRY(Database database, open_store(path, Database::Access::write, missing, deadline));
  return SuppressionWriter(std::move(database), deadline);
}

void SuppressionWriter::wait_until(Deadline deadline) {
  deadline_ = deadline;
  database_.wait_until(deadline);
}

Result<Outcome> SuppressionWriter::add(const Suppression& entry, const Deed& deed) {
  ICM_CHECK(check_entry(entry));
  ICM_TRY(EntryMerge merge, EntryMerge::prepare(database_));
  ICM_TRY(BookChange change, BookChange::begin(database_, deed));
  ICM_TRY(const bool is_repetition, merge.is_noted_lately(entry, deed.at));
  ICM_TRY(const EntryMerge::Put put, merge.put(entry, is_repetition ? 0 : change.deed(), deed.at));
  if (!put.is_written) return put.outcome;  // rolled back, the deed with it
  if (is_repetition) {
    ICM_CHECK(change.withdraw_deed());
    change.note_confirmation();
  } else {
    ICM_CHECK(change.note(entry.address));
  }
  ICM_CHECK(change.commit());
  if (entry.reason != SuppressionReason::erasure) return put.outcome;
  empty_log(database_, Deadline::in(wait_for_readers));
  database_.wait_until(deadline_);
  return put.outcome;
}

Status SuppressionWriter::add_all(const std::vector<Suppression>& entries, const Deed& deed) {
  std::span<const Suppression> rest = entries;
  while (!rest.empty()) {
    const auto some = rest.first(std::min(rest.size(), most_at_once));
    ICM_CHECK(add_some(some, deed));
    rest = rest.subspan(some.size());
  }
  return {};
}

Status SuppressionWriter::add_some(std::span<const Suppression> entries, const Deed& deed) {
  for (const Suppression& entry : entries) {
    ICM_CHECK(check_entry(entry));
    if (entry.reason == SuppressionReason::erasure) {
      return fail(Code::syntax, "erasure: expected to be added by itself");
    }
  }
  ICM_TRY(EntryMerge merge, EntryMerge::prepare(database_));
  ICM_TRY(BookChange change, BookChange::begin(database_, deed));
  bool is_any_written = false;
  bool is_deed_meant = false;
  for (const Suppression& entry : entries) {
    ICM_TRY(const bool is_repetition, merge.is_noted_lately(entry, deed.at));
    ICM_TRY(const EntryMerge::Put put,
            merge.put(entry, is_repetition ? 0 : change.deed(), deed.at));
    if (!put.is_written) continue;
    is_any_written = true;
    if (is_repetition) {
      change.note_confirmation();
    } else {
      is_deed_meant = true;
      ICM_CHECK(change.note(entry.address));
    }
  }
  if (!is_any_written) return {};  // rolled back, the deed with it
  if (!is_deed_meant) ICM_CHECK(change.withdraw_deed());
  return change.commit();
}

Result<std::vector<Suppression>> SuppressionWriter::remove(const EntryChoice& choice,
                                                           const Deed& deed) {
  ICM_TRY(AddressRows rows, AddressRows::prepare(database_));
  ICM_TRY(BookChange change, BookChange::begin(database_, deed));
  ICM_TRY(std::vector<Version> standing, rows.standing(choice.address));
  AddressChange made = AddressChange::of(choice.address, std::move(standing));
  std::vector<Suppression> taken = take_off(made, choice, deed, change.deed());
  if (taken.empty()) return taken;
  ICM_CHECK(check_removal(taken, deed));
  ICM_CHECK(rows.change(made));
  for (const Suppression& entry : taken) ICM_CHECK(change.note(entry.address));
  ICM_CHECK(change.commit());
  return taken;
}

Result<UndoCount> SuppressionWriter::undo(const Batch& batch, const Deed& deed, Undoing undoing) {
  ICM_CHECK(check_undoing(deed));
  return undo_batch(database_, batch, deed, undoing);
}

}  // namespace icm
