// SPDX-License-Identifier: Apache-2.0
//
// What a seal cannot mend: forwarded mail that Apple will refuse or sort out by the DMARC policy of
// its author. A chapter of the policy arc_sealing.
#pragma once

#include <optional>

#include "policy/base/deadline.h"
#include "policy/config/config.h"
#include "policy/facts.h"
#include "policy/verdict.h"

namespace icm::arc_sealing {

// The finding, with the prediction, and with the wish that arc_sealing.rescue means; nullopt when
// nothing is wrong. Needs Facts::authentication.
std::optional<Finding> unmendable(const Facts& facts, const Config& config, Deadline deadline);

// What the mail server will change on the way to Apple, and with it break the signatures, in
// words; empty when nothing.
std::string breaks_on_the_way(const Facts& facts);

}  // namespace icm::arc_sealing
