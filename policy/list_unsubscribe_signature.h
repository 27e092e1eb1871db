// SPDX-License-Identifier: Apache-2.0
//
// list_unsubscribe, RFC 8058 §4: a signature vouches for the fields of one-click unsubscription.
#pragma once

#include <optional>

#include "policy/config/config.h"
#include "policy/facts.h"
#include "policy/verdict.h"

namespace icm {

// What is wrong with the signatures of a message that has both fields, once each. nullopt when one
// covers both, verifies and is of the author's organization, or when nobody knows.
std::optional<Finding> examine_unsubscribe_signature(const Facts& facts,
                                                     const AuthenticationConfig& config,
                                                     Deadline deadline);

}  // namespace icm
