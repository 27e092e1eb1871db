// SPDX-License-Identifier: Apache-2.0
//
// RedisSubscriptions: the ledger of consent in Redis, an address at a time, beside the suppression
// list and in the same buckets: one script sees both, so that nothing is stored about who asked to
// be forgotten.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/store/ledger.h"
#include "policy/store/redis_shelf.h"

namespace icm {

std::string member_of(const Subscription& subscription);

// The Error (Code::permanent) is of a member that no release wrote.
[[nodiscard]] Result<Subscription> subscription_of_member(std::string_view member);

// Safe from any thread.
class RedisSubscriptions {
 public:
  explicit RedisSubscriptions(const RedisOptions& options) : shelf_(options) {}

  // Makes list and ledger where they are not; Code::config when they are of another version, or
  // shall not be made.
  [[nodiscard]] Status open(Missing missing, Deadline deadline) const;

  // All that stands for the address, by scope.
  [[nodiscard]] Result<std::vector<Subscription>> of(const std::string& address,
                                                     Deadline deadline) const;

  // The same, with what the suppression list once had of it, the latest first.
  struct Known {
    std::vector<Subscription> subscriptions;
    std::vector<RedisEntry> past;
  };
  [[nodiscard]] Result<Known> with_past(const std::string& address, Deadline deadline) const;

  // Merges these and counts what became of each. What others write meanwhile is merged, too. Of the
  // addresses of a batch each is written as a whole and by itself.
  [[nodiscard]] Status merge(const std::vector<Subscription>& batch, ImportCount& count,
                             Deadline deadline) const;

  // Strikes what stands for the address in this scope, or in all; answers how much that was.
  [[nodiscard]] Result<std::uint64_t> remove(const std::string& address,
                                             const std::optional<std::string>& scope,
                                             Deadline deadline) const;

  const RedisShelf& shelf() const { return shelf_; }

 private:
  enum class Made { no, yes, forgotten };  // the last: the person asked for it
  struct Change;

  [[nodiscard]] Result<std::vector<Change>> read(const std::vector<std::string>& addresses,
                                                 Deadline deadline) const;
  [[nodiscard]] Result<std::vector<Made>> write(const std::vector<Change>& changes,
                                                Deadline deadline) const;
  [[nodiscard]] tl::unexpected<Error> others_kept_changing() const;

  RedisShelf shelf_;
};

}  // namespace icm
