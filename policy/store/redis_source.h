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

#include "policy/store/redis_shelf.h"
#include "policy/store/suppression_source.h"

namespace icm {

class RedisSource final : public SuppressionSource {
 public:
  // Makes the list where there is none.
  [[nodiscard]] static Result<std::unique_ptr<SuppressionSource>> open(const RedisOptions& options,
                                                                       Deadline deadline);

  // Raised by look(): what is written on this host, too, is seen with the next of these.
  std::uint64_t generation() const override { return generation_; }
  [[nodiscard]] Result<std::string> each(const Visit& visit) override;
  [[nodiscard]] Result<std::optional<std::string>> changes(const std::string& cursor,
                                                           std::size_t most, const Begin& begin,
                                                           const Visit& visit,
                                                           Deadline deadline) override;
  [[nodiscard]] Result<Seen> look(Deadline deadline) override;

 private:
  explicit RedisSource(RedisShelf shelf) : shelf_(std::move(shelf)) {}

  RedisShelf shelf_;
  std::atomic<std::uint64_t> generation_ = 1;
  std::vector<BucketEnd> seen_;  // at the last look; empty before the first
};

}  // namespace icm
