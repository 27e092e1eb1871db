// SPDX-License-Identifier: Apache-2.0
//
// The answer to a recipient of whom it cannot be said whether he is Apple's, and the one such
// recipient that nobody ever means to reach.
#pragma once

#include <optional>
#include <string_view>

#include "policy/recipients.h"
#include "policy/verdict.h"

namespace icm {

// Absent where `reach` says it. The verdict has no policy and no findings.
std::optional<Verdict> answer_to_unsettled(Reach reach, const Recipient& recipient);

// The recipient by which "icloud-milterctl postfix enable" finds out whether the gate asks us: an
// Apple domain behind a "%", which is always unclear, so that it is refused whoever names it.
inline constexpr std::string_view gate_probe_recipient = "icloud-milter-probe%icloud.com@localhost";

// Whether this is that question and no mail: the null sender names exactly that recipient to the
// gate, over loopback. It is refused like any other, and stands in no figure of what was refused;
// the mail server's own log has it. From anywhere else it is logged like everything.
bool is_gate_probe(const Envelope& envelope, const Recipient& recipient);

}  // namespace icm
