// SPDX-License-Identifier: Apache-2.0
//
// SuppressionBook: keeping the suppression list, with a history of who did what, when and why.
// Whoever writes or reviews the list goes through this and knows no database; judging mail goes
// through SuppressionList.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/store/store.h"

namespace icm {

// What to do when there is no store yet.
enum class Missing { make, refuse };

// What an operator should know of the opening of a store, a sentence each.
using Notices = std::vector<std::string>;

// Something that was done to the list.
struct Deed {
  enum class Kind { add, import, remove, undo, hash };
  Kind kind = Kind::add;
  std::string who;  // login of the person, or name of the program
  WallTime at{};
  std::string why;  // may be empty, except where a permanent entry is removed
  // When the recipient did what lets mail begin again, such as signing up; not kept but in `why`.
  std::optional<WallTime> act_of_recipient{};
  bool operator==(const Deed&) const = default;
};

std::string_view to_string(Deed::Kind kind);  // "add", "import", "remove", "undo", "hash"

// What became of an entry that was given.
enum class Outcome {
  added,      // there was none of this address, scope and reason, or it had expired
  changed,    // the one that was there now says more: an earlier start, a later end, another note
  unchanged,  // the one that was there said as much, and it is kept that it was said again; or the
              // person asked to be forgotten
};

// An entry with the deed that put it there, and the one that ended it.
struct Recorded {
  Suppression entry;
  Deed added;
  std::optional<Deed> ended;  // absent as long as the entry stands
  bool operator==(const Recorded&) const = default;
};

// All that are set must hold.
struct RecordFilter {
  enum class Expiry { in_force, expired };
  Expiry expiry = Expiry::in_force;
  std::optional<SuppressionReason> reason;
  std::optional<std::string> scope;
  std::optional<Domain> domain;   // exactly, not those below it
  std::optional<WallTime> since;  // created then or later
};

// The entries of an address that are meant; what is not set means any.
struct EntryChoice {
  std::string address;
  std::optional<std::string> scope;
  std::optional<SuppressionReason> reason;
};

// Whether an entry may be stored. Code::syntax says what was expected:
// - unsubscribe, complaint, hard-bounce, relay-off and erasure have no expiry; suspended has one;
// - an erasure, a hard bounce and a switched-off relay address are global: what is gone is gone for
//   every list;
// - source has at most 200 octets and note 1000; they and the address are UTF-8 without control
//   characters, so that whoever prints them cannot be made to print something else;
// - evidence has a pattern (100 octets), at least one reply (1000), and its first is not behind its
//   last.
// `address` must be a Mailbox::key() and `scope` come from suppression_scope().
[[nodiscard]] Status check_entry(const Suppression& entry);

// Whether an act of the recipient may end an entry of this reason: what the administrator said, or
// a mailbox that is full, is not the recipient's to take back.
bool is_opened_by_recipient(SuppressionReason reason);

// Whether entries may be removed by `deed`: a permanent one is not without a cause; and where that
// is an act of the recipient, none that was said, or said again, after the act, or for which Apple
// has answered since, and none that is not opened by the recipient. Code::permanent says which.
[[nodiscard]] Status check_removal(const std::vector<Suppression>& entries, const Deed& deed);

// Adding `given` where `known` is: the earlier start and the later end hold, a new note replaces
// the old one, the source stays who told us first, and the later of both is when it was last said.
// An entry that had expired at `now` is replaced, but for its evidence: that is added up, with the
// words of the latest reply.
Suppression merged(const Suppression& known, const Suppression& given, WallTime now);

// What `merged` made of an entry: what a book answers for one that it knew already. That it was
// said again changes nothing.
Outcome outcome_of_merge(const Suppression& known, const Suppression& result, WallTime now);

struct ImportCount {
  std::int64_t import = 0;  // the import's id, by which it can be undone; 0: nothing was written
  std::uint64_t added = 0;
  std::uint64_t changed = 0;
  std::uint64_t unchanged = 0;  // also those that stand in the input again
  bool operator==(const ImportCount&) const = default;
};

// Millions of entries into the list, all of them or none. Not synchronised. Destroyed before
// commit(), it leaves no trace.
class ImportJob {
 public:
  virtual ~ImportJob() = default;

  // Code::syntax when check_entry() refuses the entry, which is then not staged and the import may
  // go on; any other Error ends it.
  [[nodiscard]] virtual Status stage(const Suppression& entry) = 0;
  virtual std::uint64_t staged() const = 0;

  // Merges what was staged; `progress` is told now and then how many entries are done. Waits until
  // `lock` for other writers. Once only.
  [[nodiscard]] virtual Result<ImportCount> commit(
      const Deed& deed, Deadline lock, const std::function<void(std::uint64_t)>& progress) = 0;
};

// An import as the history keeps it.
struct ImportRecord {
  std::int64_t import = 0;              // its id
  Deed deed;                            // its cause is what was imported
  std::optional<std::int64_t> entries;  // added or changed; absent: an early release did not count
  bool operator==(const ImportRecord&) const = default;
};

// The changes that are to be taken back: those of one import; or, without one, those that replies
// of one pattern led to, the latest of which came at `since` or later and before `until`.
struct Batch {
  std::optional<std::int64_t> import;
  std::string pattern;
  WallTime since{};
  WallTime until{};
};

enum class Undoing { for_good, on_trial };

// What became of the entries that the batch had added or changed.
struct UndoCount {
  std::uint64_t removed = 0;   // there was none before
  std::uint64_t restored = 0;  // what stood before stands again, as it was
  std::uint64_t left = 0;      // somebody else has changed, confirmed or removed it since, or it is
                               // an erasure: nothing was done
  bool operator==(const UndoCount&) const = default;
};

// Whether a batch may be undone by `deed`: it needs a cause. Code::permanent.
[[nodiscard]] Status check_undoing(const Deed& deed);
[[nodiscard]] tl::unexpected<Error> no_such_import(std::string_view place, std::int64_t import);

// Not synchronised: one for each thread. Any number of them, in as many processes, may work on one
// list. Every call is all or nothing; what has been answered without an Error is kept, also by a
// power cut. Made by open_book().
class SuppressionBook {
 public:
  virtual ~SuppressionBook() = default;

  // From now on each call returns by `deadline`, with Code::temporary when it had to wait for
  // others so long.
  virtual void wait_until(Deadline deadline) = 0;

  // An erasure takes all else that is known about the address, its history included; and as long
  // as it stands, nothing else is stored for the address.
  [[nodiscard]] virtual Result<Outcome> add(const Suppression& entry, const Deed& deed) = 0;

  // Each as add() would, but in as few steps as the store knows. None may be an erasure. After an
  // Error some of them may have been added: adding all of them again does no harm.
  [[nodiscard]] virtual Status add_all(const std::vector<Suppression>& entries, const Deed& deed);

  // Removes the entries that are meant and keeps them in the history. Answers with what was
  // removed, possibly nothing. Where check_removal() refuses, nothing is removed. An act of the
  // recipient passes over what it cannot open, unless the choice names that reason.
  [[nodiscard]] virtual Result<std::vector<Suppression>> remove(const EntryChoice& choice,
                                                                const Deed& deed) = 0;

  // All that stands at these addresses, by scope and reason.
  [[nodiscard]] virtual Result<std::vector<Recorded>> standing(
      const std::vector<std::string>& addresses) = 0;

  // All that stood there once and was replaced or removed, the latest first.
  [[nodiscard]] virtual Result<std::vector<Recorded>> past(
      const std::vector<std::string>& addresses) = 0;

  // Hands every entry that the filter lets through to `visit`, by address, scope and reason, as of
  // one moment: what others write meanwhile is not seen. Takes no memory that grows with the list.
  [[nodiscard]] virtual Status each(const RecordFilter& filter, WallTime now,
                                    const std::function<void(const Suppression&)>& visit) = 0;

  [[nodiscard]] virtual Result<std::unique_ptr<ImportJob>> begin_import() = 0;

  // Every import that is remembered, the latest first.
  [[nodiscard]] virtual Result<std::vector<ImportRecord>> imports() = 0;

  // Takes the batch back, exactly and as a deed of its own; on trial it only counts. What an
  // earlier undoing has taken back is not counted again. What somebody else has said again stays,
  // and so does every erasure. Code::permanent where check_undoing() refuses, or when there is no
  // such import.
  [[nodiscard]] virtual Result<UndoCount> undo(const Batch& batch, const Deed& deed,
                                               Undoing undoing) = 0;
};

}  // namespace icm
