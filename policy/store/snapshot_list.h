// SPDX-License-Identifier: Apache-2.0
//
// SnapshotSuppressionList: the suppression list in front of a store. That there is nothing about an
// address, which is what most lookups find, is answered from memory; what there is, the store
// answers, with the evidence. While the store is away, memory may answer all.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "policy/store/snapshot_keeper.h"

namespace icm {

// Safe from any thread.
//
// A thread of its own looks after the store at a steady pace. Whatever it is doing, lookups are
// right: memory answers only while the generation of the source is the one it was read at, and the
// store is asked otherwise. So a change that was acknowledged on this host holds for the next
// lookup; what it takes to follow it, such as reading millions after an import, is done beside.
//
// Memory: one snapshot; while the next is made, up to three of that size for a moment.
class SnapshotSuppressionList final : public SuppressionList {
 public:
  // What a lookup answers while the store cannot be asked.
  enum class WhileAway {
    last_known,  // what is in memory; evidence is missing
    error,       // nothing: the policy's on_error says what follows
  };

  SnapshotSuppressionList(SnapshotKeeper::Means means, WhileAway while_away);

  // Starts the thread; until then, the store is asked every time. `hear` is told each change of
  // state once, from any thread, and must not ask this list. Further calls do nothing.
  void begin(SnapshotKeeper::Hear hear) { keeper_.begin(std::move(hear)); }

  // Before begin(), for a store that was away from the start: answers from the file until it comes,
  // or an Error says why not.
  [[nodiscard]] Status stand_in(const Error& away) { return keeper_.stand_in(away); }

  // Ends the thread, and writes the file when a restart would be the slower without. After it the
  // store is asked every time.
  void end() { keeper_.end(); }

  [[nodiscard]] Result<std::vector<Suppression>> find(const Mailbox& mailbox,
                                                      const std::vector<std::string>& scopes,
                                                      bool siblings, WallTime now,
                                                      Deadline deadline) const override;

  // The same, asked of the store whatever is in memory.
  [[nodiscard]] Result<std::vector<Suppression>> find_in_store(
      const Mailbox& mailbox, const std::vector<std::string>& scopes, bool siblings, WallTime now,
      Deadline deadline) const {
    return keeper_.in_use().list->find(mailbox, scopes, siblings, now, deadline);
  }

  SnapshotState state() const { return keeper_.state(); }

  // How lookups were answered since it was made.
  struct Lookups {
    std::uint64_t memory = 0;
    std::uint64_t store = 0;
    std::uint64_t failed = 0;
  };
  Lookups lookups() const { return {.memory = memory_, .store = store_, .failed = failed_}; }

  // Whether memory answers just now: nothing has been written that it does not know.
  bool is_current() const;

 private:
  [[nodiscard]] Result<std::vector<Suppression>> from_memory(SnapshotAnswer answer) const;

  [[nodiscard]] Result<std::vector<Suppression>> counted(
      Result<std::vector<Suppression>> found, std::atomic<std::uint64_t>& answered) const;

  const WhileAway while_away_;
  mutable std::atomic<std::uint64_t> memory_ = 0;
  mutable std::atomic<std::uint64_t> store_ = 0;
  mutable std::atomic<std::uint64_t> failed_ = 0;
  mutable SnapshotKeeper keeper_;  // is told what a lookup learns about the store
};

}  // namespace icm
