// SPDX-License-Identifier: Apache-2.0
//
// RedisSuppressionList: the suppression list in a Redis or Valkey that several hosts share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/store/address_forms.h"
#include "policy/store/redis_shelf.h"
#include "policy/store/store.h"

namespace icm {

// Safe from any thread. A lookup is a question to the server for each form of the address, and of
// its siblings, asked at once, within its deadline. Sees what other hosts have written.
class RedisSuppressionList final : public SuppressionList {
 public:
  // Code::config says what an administrator must change, Code::temporary that no server was to be
  // had until `deadline`.
  [[nodiscard]] static Result<std::unique_ptr<SuppressionList>> open(const RedisOptions& options,
                                                                     Missing missing,
                                                                     Deadline deadline,
                                                                     AddressForms forms = {});

  // A server that does not answer, or has lost the list, is an Error, never an empty answer.
  [[nodiscard]] Result<std::vector<Suppression>> find(const Mailbox& mailbox,
                                                      const std::vector<std::string>& scopes,
                                                      bool siblings, WallTime now,
                                                      Deadline deadline) const override;

 private:
  RedisSuppressionList(RedisShelf shelf, AddressForms forms)
      : shelf_(std::move(shelf)), forms_(std::move(forms)) {}
  RedisShelf shelf_;
  AddressForms forms_;
};

}  // namespace icm
