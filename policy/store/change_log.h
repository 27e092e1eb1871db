// SPDX-License-Identifier: Apache-2.0
//
// ChangeLog: which addresses were changed last, in the SQLite store itself, so that a snapshot of
// millions follows a change without reading millions. It says that something changed and not what:
// the entries say that.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/store/sqlite.h"

namespace icm {

// The writer's side, inside one transaction. Belongs to the Database it was begun on.
class ChangeLog {
 public:
  // After so many addresses in one transaction the log says no more than that they were many.
  static constexpr std::uint64_t most_in_one = 20000;
  // So many of the last changes are kept.
  static constexpr std::int64_t kept = 200000;

  // Makes the log in a store that has none.
  [[nodiscard]] static Result<ChangeLog> begin(Database& database);

  // What stands for `address`, as the store keeps it, is about to be another thing.
  [[nodiscard]] Status note(std::string_view address);

  // What it means that nothing was noted.
  enum class Silence { anything, nothing };

  // Before the commit. When nothing was noted, and anything may have changed, that is what is said.
  [[nodiscard]] Status end(Silence silence = Silence::anything);

 private:
  ChangeLog(Database& database, Statement insert)
      : database_(&database), insert_(std::move(insert)) {}

  Database* database_;
  Statement insert_;
  std::uint64_t noted_ = 0;
};

// How far a reader has read: of which store, up to which change, and the last deed at that time. A
// store that was put back to an earlier day has another deed of that number, or none.
struct ChangeCursor {
  std::string store;  // random, written down when the log was made
  std::int64_t change = 0;
  std::int64_t deed = 0;
  std::string deed_words;  // time and a hash of the rest
  bool operator==(const ChangeCursor&) const = default;
};

std::string to_string(const ChangeCursor& cursor);

// The reader's side; inside a transaction, so that what is read belongs together.
[[nodiscard]] Result<ChangeCursor> last_change(Database& database);

// Whether all that has changed since `cursor`, at most `most` addresses, is in the log.
[[nodiscard]] Result<bool> can_tell_since(Database& database, const std::string& cursor,
                                          std::size_t most);

// The addresses, each once.
[[nodiscard]] Result<std::vector<std::string>> changed_since(Database& database,
                                                             const std::string& cursor);

}  // namespace icm
