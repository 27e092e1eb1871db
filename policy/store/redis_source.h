// SPDX-License-Identifier: Apache-2.0
//
// RedisSource: the list in Redis as what a snapshot is filled from and kept current with. Followed
// by asking a few times a second where the logs of the buckets end, rather than by a question that
// waits: it needs no connection of its own, works alike in a cluster, and tells a server that does
// not answer from one where nothing happens.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "policy/store/generation.h"
#include "policy/store/redis_shelf.h"
#include "policy/store/suppression_source.h"

namespace icm {

class RedisSource final : public SuppressionSource {
 public:
  // Asks no server yet. The Generation beside `store` is what writers of this host raise;
  // Code::config when that cannot be had.
  [[nodiscard]] static Result<std::unique_ptr<SuppressionSource>> make(const RedisOptions& options,
                                                                       const std::string& store);

  // Raised by whoever writes on this host, and by look() for what others write. Both only grow, so
  // that the sum tells.
  std::uint64_t generation() const override { return generation_->value() + looks_; }
  [[nodiscard]] Result<std::string> each(const Visit& visit) override;
  [[nodiscard]] Result<std::optional<std::string>> changes(const std::string& cursor,
                                                           std::size_t most, const Begin& begin,
                                                           const Visit& visit,
                                                           Deadline deadline) override;
  [[nodiscard]] Result<Seen> look(Deadline deadline) override;

 private:
  RedisSource(RedisShelf shelf, std::unique_ptr<FollowedGeneration> generation)
      : shelf_(std::move(shelf)), generation_(std::move(generation)) {}

  RedisShelf shelf_;
  std::unique_ptr<FollowedGeneration> generation_;
  std::atomic<std::uint64_t> looks_ = 0;  // that found something changed
  std::vector<BucketEnd> seen_;           // at the last look; empty before the first
};

}  // namespace icm
