// SPDX-License-Identifier: Apache-2.0
//
// SuppressionWriter: adding to the suppression list and taking from it, with a history of who did
// what, when and why.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/store/store.h"
#include "policy/store/store_file.h"

namespace icm {

// Something that was done to the list.
struct Deed {
  enum class Kind { add, import, remove };
  Kind kind = Kind::add;
  std::string who;  // login of the person, or name of the program
  WallTime at{};
  std::string why;  // may be empty, except where a permanent entry is removed
  bool operator==(const Deed&) const = default;
};

std::string_view to_string(Deed::Kind kind);  // "add", "import", "remove"

// What became of an entry that was given.
enum class Outcome {
  added,      // there was none of this address, scope and reason, or it had expired
  changed,    // the one that was there now says more: an earlier start, a later end, another note
  unchanged,  // the one that was there said as much; or the person asked to be forgotten
};

// Whether an entry may be stored. Code::syntax says what was expected:
// - unsubscribe, complaint, hard-bounce, relay-off and erasure have no expiry; suspended has one;
// - an erasure is global;
// - source has at most 200 octets and note 1000; they and the address are UTF-8 without control
//   characters, so that whoever prints them cannot be made to print something else.
// `address` must be a Mailbox::key() and `scope` come from suppression_scope().
[[nodiscard]] Status check_entry(const Suppression& entry);

// Adding `given` where `known` is: the earlier start and the later end hold, a new note replaces
// the old one, the source stays who told us first. An entry that had expired at `now` is replaced.
Suppression merged(const Suppression& known, const Suppression& given, WallTime now);

// One connection; not synchronised. Several writers, in as many processes, take turns: each waits
// for the others until the deadline it was opened with. Every call is all or nothing.
class SuppressionWriter {
 public:
  [[nodiscard]] static Result<SuppressionWriter> open(const std::string& path, Missing missing,
                                                      Deadline deadline);

  // An erasure takes all else that is known about the address, its history included; and as long
  // as it stands, nothing else is stored for the address.
  [[nodiscard]] Result<Outcome> add(const Suppression& entry, const Deed& deed);

  // Removes the entries of an address, in one scope and of one reason when these are given, and
  // keeps them in the history. Answers with what was removed, possibly nothing. When a permanent
  // one is among them and the deed has no cause, nothing is removed: Code::permanent.
  [[nodiscard]] Result<std::vector<Suppression>> remove(const Mailbox& mailbox,
                                                        const std::optional<std::string>& scope,
                                                        std::optional<SuppressionReason> reason,
                                                        const Deed& deed);

 private:
  explicit SuppressionWriter(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace icm
