// SPDX-License-Identifier: Apache-2.0
//
// ReplyBook: the file in which is kept what was learnt from Apple's answers, and how far the
// sources of these answers were read. Both are committed at once, so that an answer counts once
// whatever is read again.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/base/result.h"
#include "policy/delivery/delivery_event.h"
#include "policy/store/sqlite.h"
#include "policy/store/suppression_book.h"

namespace icm {

// Answers that are older are not learnt from: the keys of so many days are kept, to tell what is
// read again from what is new.
inline constexpr std::chrono::hours replies_known_for{24 * 7};

// An opening of the breaker that is closed, and an alert, are kept so long.
inline constexpr std::chrono::hours openings_known_for{24 * 90};

// As the file has times.
inline std::int64_t stored(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime stored_time(std::int64_t number) {
  return WallTime(std::chrono::milliseconds(number));
}

// Used by one thread at a time. Any number of processes may read and write one file, one
// transaction after the other.
class ReplyBook {
 public:
  // Code::config says what an administrator has to change; waits for others until `deadline`.
  [[nodiscard]] static Result<ReplyBook> open(const std::string& path, Database::Access access,
                                              Missing missing, Deadline deadline);

  const std::string& path() const { return database_->path(); }

  // What is written from begin() to commit() is kept whole, or not at all. begin() waits for
  // another writer until `deadline`.
  [[nodiscard]] Status begin(Deadline deadline);
  [[nodiscard]] Status commit();
  void roll_back() { transaction_.reset(); }
  bool is_begun() const { return transaction_.has_value(); }

  // Whether somebody else has written since the last call; true at the first.
  [[nodiscard]] Result<bool> was_changed_by_others();

  // How far a source was read; nullopt when it never was. What the text means is the reader's
  // affair.
  [[nodiscard]] Result<std::optional<std::string>> position(std::string_view source);
  [[nodiscard]] Status set_position(std::string_view source, std::string_view position);

  // Notes the key of a line of the log; false when it was noted before. `time` is the line's own.
  [[nodiscard]] Result<bool> is_new(std::string_view key, WallTime time);

  // Notes who tells of a delivery, or of a bounce. Nullopt when nobody had told of it; else who was
  // first.
  [[nodiscard]] Result<std::optional<Teller>> told_before(std::string_view key, Teller teller,
                                                          WallTime time);

  // How many bounces were taken in since the book was begun; they are a source without an end.
  [[nodiscard]] Result<std::uint64_t> bounces();
  [[nodiscard]] Status add_bounces(std::uint64_t count);

  // Removes what is too old to be of use.
  [[nodiscard]] Status forget(WallTime now);

  // For the tables of this folder: a statement that is prepared once. `sql` is a literal. One query
  // of a statement at a time.
  [[nodiscard]] Result<Query> query(std::string_view sql);
  std::int64_t changes() const { return database_->changes(); }

 private:
  explicit ReplyBook(Database database)
      : database_(std::make_unique<Database>(std::move(database))) {}

  std::unique_ptr<Database> database_;  // at a fixed address, since the others point to it
  std::map<std::string_view, Statement> statements_;
  std::optional<Transaction> transaction_;
  std::optional<std::int64_t> known_version_;  // of the file, as SQLite counts for this connection
};

}  // namespace icm
