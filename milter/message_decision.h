// SPDX-License-Identifier: Apache-2.0
//
// What a message was, for the decision log.
#pragma once

#include <cstddef>
#include <vector>

#include "milter/decision.h"
#include "milter/message.h"

namespace icm {

// All but time, verdict and envelope, which are the caller's to give. `removed`: indices of the
// recipients that do not get it. What a stranger can make long is cut. Safe from any thread.
Decision decision_of(const Message& message, const std::vector<std::size_t>& removed);

}  // namespace icm
