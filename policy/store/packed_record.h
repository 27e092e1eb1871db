// SPDX-License-Identifier: Apache-2.0
//
// Entries of the list, and of the ledger, as octets: for the while that an import is being sorted.
#pragma once

#include <string>
#include <string_view>

#include "policy/store/ledger.h"
#include "policy/store/store.h"

namespace icm {

// Octets whose order is that of address, scope, reason (its name) and time of creation: of entries
// with the same key the oldest comes first, so that its source is the one that told us first.
// `entry` must have passed check_entry(), so that there is no NUL in its texts.
std::string packed(const Suppression& entry);
Suppression unpacked_entry(std::string_view octets);

// By address and scope. `subscription` must have passed check_subscription().
std::string packed(const Subscription& subscription);
Subscription unpacked_subscription(std::string_view octets);

}  // namespace icm
