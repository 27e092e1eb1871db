// SPDX-License-Identifier: Apache-2.0
//
// RedisLedgerBook: the ledger of consent in Redis, for whoever keeps it.
//
// What an address becomes is worked out here and then made by one script, which does nothing when
// the address has changed meanwhile; then it is worked out again. An import is not whole for all of
// its addresses: when it breaks off while it is written, part of it stands, which an import of the
// same file completes. each() may or may not see what is written meanwhile.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/store/redis_subscriptions.h"

namespace icm {

class RedisLedgerBook final : public LedgerBook {
 public:
  [[nodiscard]] static Result<std::unique_ptr<LedgerBook>> open(const RedisOptions& options,
                                                                Missing missing, Deadline deadline);

  void wait_until(Deadline deadline) override { deadline_ = deadline; }
  [[nodiscard]] Result<Outcome> add(const Subscription& subscription) override;
  [[nodiscard]] Result<std::uint64_t> remove(const std::string& address,
                                             const std::optional<std::string>& scope) override {
    return subscriptions_.remove(address, scope, deadline_);
  }
  [[nodiscard]] Result<std::vector<Subscription>> of(const std::string& address) override {
    return subscriptions_.of(address, deadline_);
  }
  [[nodiscard]] Status each(const LedgerFilter& filter,
                            const std::function<void(const Subscription&)>& visit) override;
  [[nodiscard]] Result<std::unique_ptr<LedgerImport>> begin_import() override;

 private:
  RedisLedgerBook(RedisSubscriptions subscriptions, Deadline deadline)
      : subscriptions_(std::move(subscriptions)), deadline_(deadline) {}

  RedisSubscriptions subscriptions_;
  Deadline deadline_;
};

}  // namespace icm
