// SPDX-License-Identifier: Apache-2.0
//
// RedisSuppressionList: the suppression list in a Redis or Valkey that several hosts share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/store/redis_shelf.h"
#include "policy/store/store.h"

namespace icm {

// Safe from any thread. A lookup is one question to the server, two to three with siblings, all
// within its deadline. Sees what other hosts have written.
class RedisSuppressionList final : public SuppressionList {
 public:
  // Code::config says what an administrator must change, Code::temporary that no server was to be
  // had until `deadline`.
  [[nodiscard]] static Result<std::unique_ptr<SuppressionList>> open(const RedisOptions& options,
                                                                     Missing missing,
                                                                     Deadline deadline);

  // A server that does not answer, or has lost the list, is an Error, never an empty answer.
  [[nodiscard]] Result<std::vector<Suppression>> find(const Mailbox& mailbox,
                                                      const std::vector<std::string>& scopes,
                                                      bool siblings, WallTime now,
                                                      Deadline deadline) const override;

 private:
  explicit RedisSuppressionList(RedisShelf shelf) : shelf_(std::move(shelf)) {}
  RedisShelf shelf_;
};

}  // namespace icm
