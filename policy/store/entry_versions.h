// SPDX-License-Identifier: Apache-2.0
//
// The versions of the entries of one address, and what adding, removing and undoing make of them.
// Every store keeps its entries by these rules; how they are kept is its own affair.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "policy/store/suppression_book.h"

namespace icm {

// A deed that found said already what it had to say.
struct Confirmation {
  std::int64_t deed = 0;  // 0: one whose number is not kept any more
  WallTime at{};          // when it was said again
  bool operator==(const Confirmation&) const = default;
};

// An entry as it stands, or stood.
struct Version {
  Suppression entry;
  std::int64_t added_by = 0;  // deeds
  std::int64_t ended_by = 0;  // 0 as long as it stands
  std::vector<Confirmation> confirmations{};
  std::string stored{};  // as it was read, where the store compares that; empty when it has changed
  bool operator==(const Version&) const = default;
};

// A Version of its own that `deed` makes.
Version new_version(Suppression entry, std::int64_t deed);

// Notes that `deed` said it again; the entry's `confirmed` follows. At most so many are kept: of
// older ones remain the time, and that there was somebody whom no undoing takes back.
inline constexpr std::size_t most_confirmations = 8;
void confirm(Version& version, std::int64_t deed, WallTime at);

// Whether adding `given` would only note once more, within an hour, what somebody noted already. It
// is then put by deed 0 and no deed is written down: the time follows, and whoever says the same
// all day fills no history.
bool is_noted_lately(const std::vector<Version>& standing, const Suppression& given, WallTime now);

// The entry's `confirmed`, from the confirmations.
void let_confirmed_follow(Version& version);

// "12@1795248000000 15@1795248060000": confirmations in a column. Reading passes over anything
// else.
std::string text_of(const std::vector<Confirmation>& confirmations);
std::vector<Confirmation> confirmations_of(std::string_view text);

// What shall become of an address, given what stands there now.
struct AddressChange {
  std::string address;
  std::vector<Version> standing;  // as it was read
  std::vector<Version> next;      // all that shall stand then
  std::vector<Version> ended;     // for the history
  bool forgets_past = false;      // the history, and the causes that deeds of this address had

  static AddressChange of(std::string address, std::vector<Version> standing);
  bool is_any() const { return forgets_past || next != standing; }
};

// Puts an entry where `change.next` is what stands; `deed` is the number of what puts it there. An
// erasure takes all else. The entry must have passed check_entry().
Outcome put_entry(AddressChange& change, const Suppression& given, std::int64_t deed, WallTime now);

// Takes off what is meant; answers with what that was.
std::vector<Suppression> take_off(AddressChange& change, const EntryChoice& choice,
                                  const Deed& deed, std::int64_t number);

// Whether a version is one of the batch, or another deed of the batch confirmed it.
bool looks_like(const Version& version, const Batch& batch);
bool is_confirmed_by(const Version& version, const Batch& batch);

// Takes the batch back at one address, whose history is `past`, the latest first. `is_undoing` says
// of the number of a deed whether that was an undoing.
//
// The history of an entry is a chain: each version says which deed made it, and each past one which
// deed ended it. The version that another one replaced is the past one that was ended by the deed
// which made the other. An entry belongs to the batch when its standing version does. From there
// the chain is followed back through versions of the batch to the first one that is not: that one
// stands again. When a version of the batch stands no more, when somebody else's version carries
// its evidence on, or somebody else has said one of them again, the entry was touched by somebody
// else and is left alone; and so is an erasure.
[[nodiscard]] Status undo_at(AddressChange& change, const std::vector<Version>& past,
                             const Batch& batch, std::int64_t deed,
                             const std::function<Result<bool>(std::int64_t)>& is_undoing,
                             UndoCount& counts);

}  // namespace icm
