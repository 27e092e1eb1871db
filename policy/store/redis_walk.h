// SPDX-License-Identifier: Apache-2.0
//
// RedisWalk: all entries in Redis in the order of address, scope and reason, or all subscriptions
// in that of address and scope; a page of each bucket in memory at a time.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/store/redis_shelf.h"

namespace icm {

// Not synchronised. Each member that stands from the beginning to the end comes once. A page is
// waited for at most `patience`. A list that is lost or replaced meanwhile is an Error at the end.
class RedisWalk {
 public:
  static constexpr std::size_t page_size = 500;
  static constexpr std::chrono::seconds patience{10};

  enum class Over { entries, ledger };
  explicit RedisWalk(const RedisShelf& shelf, Over over = Over::entries)
      : shelf_(shelf), over_(over) {}

  // nullopt: that was all.
  [[nodiscard]] Result<std::optional<RedisEntry>> next();          // over entries
  [[nodiscard]] Result<std::optional<std::string>> next_member();  // over either

 private:
  struct Bucket {
    std::deque<std::string> members;
    std::string last;
    bool is_at_end = false;
  };
  [[nodiscard]] Status begin();
  [[nodiscard]] Status has_ledger() const;
  [[nodiscard]] Status end() const;
  [[nodiscard]] Status advance(int bucket);

  RedisShelf shelf_;
  Over over_;
  bool has_begun_ = false;
  std::vector<BucketEnd> ends_;  // when it began
  std::vector<Bucket> buckets_ = std::vector<Bucket>(redis_buckets);
  std::map<std::string, int> heads_;  // the next member of each bucket that has one
  std::string key_;                   // what the last member begins with
};

}  // namespace icm
