// SPDX-License-Identifier: Apache-2.0
//
// RedisLedger: the ledger of consent in a Redis or Valkey that several hosts share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/store/address_forms.h"
#include "policy/store/redis_subscriptions.h"

namespace icm {

// Safe from any thread. A lookup is one question to the server, or two for somebody who was taken
// off the suppression list once. Sees what other hosts have written. Nothing of it is kept in
// memory: while the server is away, every lookup is an Error.
class RedisLedger final : public Ledger {
 public:
  // Code::config says what an administrator must change, Code::temporary that no server was to be
  // had until `deadline`.
  [[nodiscard]] static Result<std::unique_ptr<Ledger>> open(const RedisOptions& options,
                                                            Deadline deadline,
                                                            AddressForms forms = {});

  // A server that does not answer, or has lost list or ledger, is an Error, never an empty answer.
  [[nodiscard]] Result<Standing> find(const Mailbox& mailbox,
                                      const std::vector<std::string>& scopes,
                                      Deadline deadline) const override;

 private:
  RedisLedger(RedisSubscriptions subscriptions, AddressForms forms)
      : subscriptions_(std::move(subscriptions)), forms_(std::move(forms)) {}
  [[nodiscard]] Result<std::optional<WallTime>> left(std::vector<RedisEntry> past,
                                                     Deadline deadline) const;

  RedisSubscriptions subscriptions_;
  AddressForms forms_;
};

}  // namespace icm
