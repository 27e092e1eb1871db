// SPDX-License-Identifier: Apache-2.0
//
// One connection of a scenario, held with a filter.
#pragma once

#include <vector>

#include "policy/base/result.h"
#include "test/support/milter_client_mail.h"
#include "test/support/scenario.h"

namespace icm {

// Sends every mail of the connection; one outcome for each. An Error is a filter that broke off.
[[nodiscard]] Status converse(const ScenarioConnection& connection, MailFilter& filter,
                              std::vector<MilterOutcome>& outcomes);

}  // namespace icm
