// SPDX-License-Identifier: Apache-2.0
//
// RedisSuppressionBook: the suppression list in Redis, for whoever keeps it.
//
// What an address becomes is worked out here, by the rules that every book shares, and then made by
// one script, which does nothing when the address has changed meanwhile; then it is worked out
// again. So a change is whole for each address. An import, or its undoing, is not whole for all of
// its addresses, as no script may keep a server busy for minutes: it is staged in a file first, and
// when it breaks off while it is written, part of it stands, which an import of the same file
// completes. each() reads on from address to address, so that it may or may not see what is written
// meanwhile.
//
// What has been acknowledged is as safe as the server is told to keep it (appendfsync) and, at a
// failover, as what the replica has got: with Sentinels a change counts once a replica has it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/store/redis_shelf.h"
#include "policy/store/suppression_book.h"

namespace icm {

class RedisSuppressionBook final : public SuppressionBook {
 public:
  // Raises `generation`, where there is one, with every change.
  [[nodiscard]] static Result<std::unique_ptr<SuppressionBook>> open(
      const RedisOptions& options, Missing missing, Deadline deadline,
      std::shared_ptr<Generation> generation = nullptr);

  void wait_until(Deadline deadline) override { deadline_ = deadline; }
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
  RedisSuppressionBook(RedisShelf shelf, Deadline deadline)
      : shelf_(std::move(shelf)), deadline_(deadline) {}
  [[nodiscard]] Result<std::vector<Recorded>> recorded(const std::vector<RedisEntry>& entries);

  RedisShelf shelf_;
  Deadline deadline_;
};

}  // namespace icm
