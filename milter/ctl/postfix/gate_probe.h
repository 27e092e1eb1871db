// SPDX-License-Identifier: Apache-2.0
//
// Does the gate ask our daemon, as the gate? Found out by half an SMTP dialogue, after which there
// is no message.
#pragma once

#include <cstdint>
#include <string>

#include "policy/base/deadline.h"
#include "policy/base/result.h"

namespace icm::ctl::postfix {

struct GateAnswer {
  enum class Means {
    judged,    // the daemon answered in the role of the gate
    unjudged,  // Postfix took the address: no milter, or in another role
    waits,     // Postfix has no daemon to ask: mail is told to come later
    other,     // something else
  };
  Means means = Means::other;
  std::string reply;  // to RCPT, as it came; every octet is the server's
};

// Names a recipient that the gate refuses whatever is configured and that no mail server delivers
// as it stands (milter/unsettled_recipient.h), and goes before DATA. Waits for a listener until the
// deadline. An Error says what was in the way.
[[nodiscard]] Result<GateAnswer> probe_gate(std::uint16_t port, Deadline deadline);

}  // namespace icm::ctl::postfix
