// SPDX-License-Identifier: Apache-2.0
//
// A Subscription as columns of a row, the same way in every statement.
#pragma once

#include "policy/store/ledger.h"
#include "policy/store/sqlite.h"

// The columns of a subscription, in the order in which the functions below count them.
#define ICM_LEDGER_COLUMNS "address, scope, consented, source, withdrawn, engaged"
#define ICM_LEDGER_PARAMETERS "?1, ?2, ?3, ?4, ?5, ?6"

namespace icm {

// The subscription in columns 0, 1, … of the current row.
Subscription subscription_of_row(const Query& query);

// Binds `subscription` to ICM_LEDGER_PARAMETERS. It must live until the query ends.
void bind_subscription(Query& query, const Subscription& subscription);

}  // namespace icm
