// SPDX-License-Identifier: Apache-2.0
//
// SMTP replies that are legal whatever a policy, and so a message, wrote into them.
#pragma once

#include <string>

#include "policy/verdict.h"

namespace icm {

// Printable ASCII only (RFC 5321 §4.2 textstring), one line, no longer than RFC 5321 §4.5.3.1.5
// allows for a reply line (512 octets with code and CRLF), a code of 4yz or 5yz with an enhanced
// code of the same class (RFC 2034 §4). An impossible code becomes 451 4.3.0, a missing text is
// replaced. A '%' stays one '%' and is counted twice, since libmilter wants it doubled.
SmtpReply legal_reply(const SmtpReply& reply);

// "550 5.7.1 text", as a client sees it.
std::string to_string(const SmtpReply& reply);

}  // namespace icm
