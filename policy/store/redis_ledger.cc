// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_ledger.h"

#include <algorithm>

#include <fmt/format.h>

namespace icm {
namespace {

bool is_wish_to_leave(SuppressionReason reason) {
  return reason == SuppressionReason::unsubscribe || reason == SuppressionReason::complaint;
}

WallTime time_of(const RedisEntry& entry) {
  return entry.entry.confirmed.value_or(entry.entry.created);
}

}  // namespace

Result<std::unique_ptr<Ledger>> RedisLedger::open(const RedisOptions& options, Deadline deadline,
                                                  AddressForms forms) {
  RedisSubscriptions subscriptions(options);
  ICM_CHECK(subscriptions.open(Missing::refuse, deadline));
  return std::unique_ptr<Ledger>(new RedisLedger(std::move(subscriptions), std::move(forms)));
}

Result<Standing> RedisLedger::find(const Mailbox& mailbox, const std::vector<std::string>& scopes,
                                   Deadline deadline) const {
  if (deadline.passed()) {
    return fail(Code::temporary,
                fmt::format("{}: no time left to ask the ledger", subscriptions_.shelf().text()));
  }
  RedisSubscriptions::Known known;
  for (const std::string& form : forms_.of_ledger(mailbox.key())) {
    ICM_TRY(const RedisSubscriptions::Known some, subscriptions_.with_past(form, deadline));
    known.subscriptions.insert(known.subscriptions.end(), some.subscriptions.begin(),
                               some.subscriptions.end());
    known.past.insert(known.past.end(), some.past.begin(), some.past.end());
  }
  const auto is_asked = [&](const std::string& scope) {
    return scope == "global" || std::ranges::find(scopes, scope) != scopes.end();
  };
  std::erase_if(known.subscriptions, [&](const Subscription& one) { return !is_asked(one.scope); });
  std::erase_if(known.past, [&](const RedisEntry& one) {
    return !is_wish_to_leave(one.entry.reason) || !is_asked(one.entry.scope);
  });
  Standing standing = standing_of(known.subscriptions);
  ICM_TRY(standing.left, left(std::move(known.past), deadline));
  return standing;
}

// Whom somebody's word took off the list. What was undone is not among them: it was never a wish;
// nor what another entry replaced. Of a deed that is lost, the word is taken.
Result<std::optional<WallTime>> RedisLedger::left(std::vector<RedisEntry> past,
                                                  Deadline deadline) const {
  std::ranges::stable_sort(
      past, [](const auto& one, const auto& other) { return time_of(one) > time_of(other); });
  for (const RedisEntry& entry : past) {
    ICM_TRY(const std::optional<RedisDeed> deed,
            subscriptions_.shelf().deed(entry.ended_by, deadline));
    if (!deed || deed->deed.kind == Deed::Kind::remove) return std::optional(time_of(entry));
  }
  return std::optional<WallTime>();
}

}  // namespace icm
