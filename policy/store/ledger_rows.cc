// SPDX-License-Identifier: Apache-2.0
#include "policy/store/ledger_rows.h"

#include "policy/store/entry_rows.h"

namespace icm {
namespace {

std::optional<WallTime> time_in(const Query& query, int column) {
  if (query.is_null(column)) return std::nullopt;
  return time_of_store(query.number(column));
}

void bind_time(Query& query, int parameter, const std::optional<WallTime>& time) {
  if (time) {
    query.bind(parameter, stored_time(*time));
  } else {
    query.bind_null(parameter);
  }
}

}  // namespace

Subscription subscription_of_row(const Query& query) {
  return {.address = std::string(query.text(0)),
          .scope = std::string(query.text(1)),
          .consented = time_in(query, 2),
          .source = std::string(query.text(3)),
          .withdrawn = time_in(query, 4),
          .engaged = time_in(query, 5)};
}

void bind_subscription(Query& query, const Subscription& subscription) {
  query.bind(1, subscription.address).bind(2, subscription.scope);
  bind_time(query, 3, subscription.consented);
  query.bind(4, subscription.source);
  bind_time(query, 5, subscription.withdrawn);
  bind_time(query, 6, subscription.engaged);
}

}  // namespace icm
