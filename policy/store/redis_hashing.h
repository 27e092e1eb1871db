// SPDX-License-Identifier: Apache-2.0
//
// RedisHashing: AddressHashing of a list in Redis.
#pragma once

#include "policy/store/address_hashing.h"
#include "policy/store/redis_shelf.h"
#include "policy/store/redis_subscriptions.h"

namespace icm {

// hash() goes from address to address, each first hashed and then forgotten: nobody is missing at
// any time, and what breaks off is completed by the next call. It makes no backup.
class RedisHashing final : public AddressHashing {
 public:
  // `options` of the list, with the check value of the key.
  RedisHashing(const RedisOptions& options, AddressForms forms,
               std::shared_ptr<Generation> generation = nullptr)
      : shelf_(options, generation),
        subscriptions_(options),
        forms_(std::move(forms)),
        generation_(std::move(generation)) {}

  [[nodiscard]] Status keep_key(Deadline deadline) override;
  [[nodiscard]] Result<std::uint64_t> unhashed(Deadline deadline) override;
  [[nodiscard]] Result<HashingReport> hash(
      const Deed& deed, Deadline deadline,
      const std::function<void(std::uint64_t)>& progress) override;

 private:
  [[nodiscard]] Result<std::vector<RedisReply>> run_everywhere(const RedisScript& script,
                                                               Deadline deadline) const;
  [[nodiscard]] Status forget_changes(Deadline deadline);
  // Answers with how many entries that were, of the list and of the history.
  [[nodiscard]] Result<std::uint64_t> hash_address(const std::string& address, WallTime now);
  [[nodiscard]] Result<std::uint64_t> hash_subscriptions(const std::string& address);
  [[nodiscard]] Status words_of_deeds();

  RedisShelf shelf_;
  RedisSubscriptions subscriptions_;
  AddressForms forms_;
  std::shared_ptr<Generation> generation_;
};

}  // namespace icm
