// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_ledger_book.h"

#include <algorithm>

#include "policy/store/redis_stage.h"
#include "policy/store/redis_walk.h"

namespace icm {
namespace {

constexpr std::chrono::seconds patience{30};  // for one batch of an import

bool lets_through(const LedgerFilter& filter, const std::string& at_domain,
                  const Subscription& subscription) {
  // What was only ever withdrawn shows no life, and is no subscription to end.
  const auto life = std::max(subscription.consented, subscription.engaged);
  return (!filter.scope || subscription.scope == *filter.scope) &&
         (at_domain.empty() || subscription.address.ends_with(at_domain)) &&
         (!filter.inactive || (life && *life < *filter.inactive));
}

class RedisLedgerImport final : public LedgerImport {
 public:
  explicit RedisLedgerImport(RedisSubscriptions subscriptions)
      : subscriptions_(std::move(subscriptions)) {}

  Status stage(const Subscription& subscription, WallTime now) override {
    ICM_CHECK(check_subscription(subscription, now));
    return stage_.put(member_of(subscription));
  }

  std::uint64_t staged() const override { return stage_.size(); }

  Result<ImportCount> commit(Deadline,
                             const std::function<void(std::uint64_t)>& progress) override {
    ICM_CHECK(stage_.sort());
    ImportCount count;
    while (stage_.taken() < stage_.size()) {
      const std::uint64_t done = stage_.taken();
      ICM_TRY(const std::vector<std::string> members, stage_.take());
      std::vector<Subscription> batch;
      for (const std::string& member : members) {
        ICM_TRY(Subscription one, subscription_of_member(member));
        batch.push_back(std::move(one));
      }
      const Status written = subscriptions_.merge(batch, count, Deadline::in(patience));
      if (!written) return stage_.broken_off(written.error(), done);
      if (progress) progress(stage_.taken());
    }
    return count;
  }

 private:
  RedisSubscriptions subscriptions_;
  RedisStage stage_;
};

}  // namespace

Result<std::unique_ptr<LedgerBook>> RedisLedgerBook::open(const RedisOptions& options,
                                                          Missing missing, Deadline deadline) {
  RedisSubscriptions subscriptions(options);
  ICM_CHECK(subscriptions.open(missing, deadline));
  return std::unique_ptr<LedgerBook>(new RedisLedgerBook(std::move(subscriptions), deadline));
}

Result<Outcome> RedisLedgerBook::add(const Subscription& subscription) {
  ImportCount count;
  ICM_CHECK(subscriptions_.merge({subscription}, count, deadline_));
  if (count.added != 0) return Outcome::added;
  return count.changed != 0 ? Outcome::changed : Outcome::unchanged;
}

Status RedisLedgerBook::each(const LedgerFilter& filter,
                             const std::function<void(const Subscription&)>& visit) {
  const std::string at_domain = filter.domain ? "@" + filter.domain->text() : std::string();
  RedisWalk walk(subscriptions_.shelf(), RedisWalk::Over::ledger);
  for (;;) {
    ICM_TRY(const std::optional<std::string> member, walk.next_member());
    if (!member) return {};
    const auto subscription = subscription_of_member(*member);
    if (!subscription) return fail_at(subscriptions_.shelf().text(), subscription.error());
    if (lets_through(filter, at_domain, *subscription)) visit(*subscription);
  }
}

Result<std::unique_ptr<LedgerImport>> RedisLedgerBook::begin_import() {
  return std::make_unique<RedisLedgerImport>(subscriptions_);
}

}  // namespace icm
