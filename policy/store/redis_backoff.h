// SPDX-License-Identifier: Apache-2.0
//
// RedisBackoffBook: pauses and slowdowns of a fleet, in the Redis where its limits are counted.
// One hash {PREFIX:throttle}:backoff, "KIND SUBJECT" to the rest as JSON.
#pragma once

#include <memory>
#include <string>

#include "policy/store/backoff.h"
#include "policy/store/redis_client.h"

namespace icm {

// Safe from any thread.
class RedisBackoffBook final : public BackoffBook {
 public:
  RedisBackoffBook(std::shared_ptr<RedisClient> client, const std::string& prefix);

  [[nodiscard]] Status put(const Backoff& backoff, Deadline deadline) override;
  [[nodiscard]] Result<bool> remove(BackoffKind kind, const std::string& subject,
                                    Deadline deadline) override;
  [[nodiscard]] Result<std::vector<Backoff>> all(Deadline deadline) override;

 private:
  const std::shared_ptr<RedisClient> client_;
  const std::string key_;
};

}  // namespace icm
