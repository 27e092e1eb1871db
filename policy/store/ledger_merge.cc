// SPDX-License-Identifier: Apache-2.0
#include "policy/store/ledger_merge.h"

#include "policy/store/ledger_rows.h"

namespace icm {
namespace {

constexpr std::string_view erased =
    "SELECT 1 FROM suppression WHERE reason = 'erasure' AND address = ?1";
constexpr std::string_view insert = "INSERT INTO subscription (" ICM_LEDGER_COLUMNS
                                    ") VALUES (" ICM_LEDGER_PARAMETERS ") ON CONFLICT DO NOTHING";
constexpr std::string_view known =
    "SELECT " ICM_LEDGER_COLUMNS " FROM subscription WHERE address = ?1 AND scope = ?2";
constexpr std::string_view update =
    "UPDATE subscription SET consented = ?3, source = ?4, withdrawn = ?5, engaged = ?6 "
    "WHERE address = ?1 AND scope = ?2";

}  // namespace

Result<LedgerMerge> LedgerMerge::prepare(Database& database) {
  ICM_TRY(Statement erased_statement, database.prepare(erased));
  ICM_TRY(Statement insert_statement, database.prepare(insert));
  ICM_TRY(Statement known_statement, database.prepare(known));
  ICM_TRY(Statement update_statement, database.prepare(update));
  return LedgerMerge(database, std::move(erased_statement), std::move(insert_statement),
                     std::move(known_statement), std::move(update_statement));
}

Result<Outcome> LedgerMerge::put(const Subscription& subscription) {
  ICM_TRY(const bool is_forgotten, erased_.query().bind(1, subscription.address).step());
  if (is_forgotten) return Outcome::unchanged;
  {
    Query query = insert_.query();
    bind_subscription(query, subscription);
    ICM_CHECK(query.run());
  }
  if (database_->changes() == 1) return Outcome::added;
  const auto read_known = [&]() -> Result<Subscription> {
    Query query = known_.query();
    query.bind(1, subscription.address).bind(2, subscription.scope);
    ICM_CHECK(query.step());
    return subscription_of_row(query);
  };
  ICM_TRY(const Subscription before, read_known());
  const Subscription after = merged(before, subscription);
  if (after == before) return Outcome::unchanged;
  Query query = update_.query();
  bind_subscription(query, after);
  ICM_CHECK(query.run());
  return Outcome::changed;
}

}  // namespace icm
