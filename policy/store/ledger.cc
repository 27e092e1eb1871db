// SPDX-License-Identifier: Apache-2.0
#include "policy/store/ledger.h"

#include <algorithm>

namespace icm {
namespace {

// By how much the clocks of those who record and those who import may differ.
constexpr std::chrono::minutes clocks_differ{5};

// A withdrawal that is given by its date counts from the end of that day.
constexpr std::chrono::hours a_day{24};

Status check_time(std::string_view name, const std::optional<WallTime>& time, WallTime latest) {
  if (!time || *time <= latest) return {};
  return fail(Code::syntax, fmt::format("{}: expected a time that has passed, found {}", name,
                                        to_rfc3339(*time)));
}

// The later of two times, of which either may be missing.
std::optional<WallTime> later(const std::optional<WallTime>& one,
                              const std::optional<WallTime>& other) {
  return std::max(one, other);  // no time is before any other
}

bool is_opened_by_consent(SuppressionReason reason) {
  switch (reason) {
    case SuppressionReason::unsubscribe:
    case SuppressionReason::complaint:
    case SuppressionReason::hard_bounce:
      return true;
    case SuppressionReason::relay_off:
    case SuppressionReason::suspended:
    case SuppressionReason::manual:
    case SuppressionReason::erasure:
      return false;
  }
  return false;
}

}  // namespace

Status check_subscription(const Subscription& subscription, WallTime now) {
  if (!subscription.consented && !subscription.withdrawn && !subscription.engaged) {
    return fail(Code::syntax, "expected a time of consent, withdrawal or engagement, found none");
  }
  if (!subscription.consented && !subscription.source.empty()) {
    return fail(Code::syntax,
                "source: expected none, since it is that of a consent and there is none");
  }
  ICM_CHECK(check_time("consented", subscription.consented, now + clocks_differ));
  ICM_CHECK(check_time("withdrawn", subscription.withdrawn, now + a_day));
  ICM_CHECK(check_time("engaged", subscription.engaged, now + clocks_differ));
  // Its texts obey what those of the suppression list obey.
  return check_entry({.address = subscription.address,
                      .scope = subscription.scope,
                      .reason = SuppressionReason::manual,
                      .source = subscription.source,
                      .note = {},
                      .created = now,
                      .expires = {}});
}

Subscription merged(const Subscription& known, const Subscription& given) {
  Subscription result = known;
  if (given.consented > known.consented) {
    result.consented = given.consented;
    result.source = given.source;
  } else if (given.consented == known.consented && known.source.empty()) {
    result.source = given.source;
  }
  result.withdrawn = later(known.withdrawn, given.withdrawn);
  result.engaged = later(known.engaged, given.engaged);
  return result;
}

Standing standing_of(const std::vector<Subscription>& subscriptions) {
  Standing standing;
  for (const Subscription& subscription : subscriptions) {
    if (subscription.consented &&
        (!standing.latest_consent || subscription.consented > standing.latest_consent->consented)) {
      standing.latest_consent = subscription;
    }
    standing.withdrawn = later(standing.withdrawn, subscription.withdrawn);
    standing.engaged = later(standing.engaged, subscription.engaged);
  }
  return standing;
}

std::optional<Subscription> opener_of(const Suppression& suppression,
                                      const std::vector<Subscription>& subscriptions) {
  if (!is_opened_by_consent(suppression.reason)) return std::nullopt;
  std::vector<Subscription> covering;
  for (const Subscription& subscription : subscriptions) {
    const bool covers = suppression.reason == SuppressionReason::hard_bounce ||
                        subscription.scope == "global" || subscription.scope == suppression.scope;
    if (covers) covering.push_back(subscription);
  }
  const Standing standing = standing_of(covering);
  const std::optional<Subscription>& latest = standing.latest_consent;
  if (!latest || latest->consented <= standing.withdrawn) return std::nullopt;
  if (*latest->consented <= last_word(suppression)) return std::nullopt;
  return latest;
}

}  // namespace icm
