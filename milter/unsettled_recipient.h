// SPDX-License-Identifier: Apache-2.0
//
// The answer to a recipient of whom it cannot be said whether he is Apple's.
#pragma once

#include <optional>

#include "policy/recipients.h"
#include "policy/verdict.h"

namespace icm {

// Absent where `reach` says it. The verdict has no policy and no findings.
std::optional<Verdict> answer_to_unsettled(Reach reach, const Recipient& recipient);

}  // namespace icm
