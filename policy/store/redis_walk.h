// SPDX-License-Identifier: Apache-2.0
//
// RedisWalk: all entries in Redis in the order of address, scope and reason, a page of each bucket
// in memory at a time.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/store/redis_shelf.h"

namespace icm {

// Not synchronised. Each entry that stands from the beginning to the end comes once. A page is
// waited for at most `patience`. A list that is lost or replaced meanwhile is an Error at the end.
class RedisWalk {
 public:
  static constexpr std::size_t page_size = 500;
  static constexpr std::chrono::seconds patience{10};

  explicit RedisWalk(const RedisShelf& shelf) : shelf_(shelf) {}

  // nullopt: that was all.
  [[nodiscard]] Result<std::optional<RedisEntry>> next();

 private:
  struct Bucket {
    std::deque<std::string> members;
    std::string last;
    bool is_at_end = false;
  };
  [[nodiscard]] Status begin();
  [[nodiscard]] Status end() const;
  [[nodiscard]] Status advance(int bucket);

  RedisShelf shelf_;
  bool has_begun_ = false;
  std::vector<BucketEnd> ends_;  // when it began
  std::vector<Bucket> buckets_ = std::vector<Bucket>(redis_buckets);
  std::map<std::string, int> heads_;  // the next member of each bucket that has one
  std::string key_;                   // address, scope and reason of the last entry
};

}  // namespace icm
