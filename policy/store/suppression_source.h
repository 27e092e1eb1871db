// SPDX-License-Identifier: Apache-2.0
//
// SuppressionSource: what a snapshot of the suppression list is filled from and kept current with.
// One for each kind of store; whoever keeps the snapshot knows none of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/store/store.h"

namespace icm {

// What a snapshot keeps of one entry. The views live as long as the call that hands it over.
struct SourceEntry {
  std::string_view key;  // the address as the store keeps it
  std::string_view scope;
  SuppressionReason reason = SuppressionReason::manual;
  std::optional<WallTime> expires;
};

// generation() is safe from any thread; the others belong to one thread.
class SuppressionSource {
 public:
  // Takes one entry; false: enough, the reading shall end.
  using Visit = std::function<bool(const SourceEntry&)>;
  // Begins an address that has changed; all that stands for it now follows, possibly nothing.
  using Begin = std::function<void(std::string_view key)>;

  virtual ~SuppressionSource() = default;

  // Differs from every number it gave before once a write has been acknowledged to its writer on
  // this host; writes on other hosts may take a second. Costs one atomic load.
  virtual std::uint64_t generation() const = 0;

  // Every entry that stands, once each and in any order, expired ones as well. Answers with a
  // cursor: where to read on with changes(). What is written meanwhile is either in it, or comes
  // with those changes. Code::temporary when `visit` ended it.
  [[nodiscard]] virtual Result<std::string> each(const Visit& visit) = 0;

  // What has changed since `cursor`, by address; answers with the next cursor. nullopt: it cannot
  // be told (the cursor is of another store, of one that has been put back to an earlier day, or
  // more than `most` addresses have changed since), so that each() is the way; then some may have
  // been handed over already. At most 65536 octets are kept of a cursor, and it is only compared
  // and handed back. The first answer is waited for until `deadline`; a store that is far away and
  // goes on answering may take longer. Code::temporary when `visit` ended it.
  [[nodiscard]] virtual Result<std::optional<std::string>> changes(const std::string& cursor,
                                                                   std::size_t most,
                                                                   const Begin& begin,
                                                                   const Visit& visit,
                                                                   Deadline deadline) = 0;

  // What look() saw.
  enum class Seen {
    same,
    changed,   // something may have been written, by whomever: changes() tells
    replaced,  // another store stands in its place: whoever has it open must open it anew
  };

  // Called at a steady pace, a few times a second: does the store answer, and has it changed since
  // the last call? Notices what nobody raised the generation for, such as the last deed of a writer
  // that died right after its commit. An Error says why the store does not answer.
  [[nodiscard]] virtual Result<Seen> look(Deadline deadline) = 0;
};

}  // namespace icm
