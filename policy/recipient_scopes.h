// SPDX-License-Identifier: Apache-2.0
//
// Which part of our mail a message is, as far as its recipients may have had a say in it:
// "stream:NAME" or "list:ID", the scopes of the suppression list and of the consent ledger. What
// the envelope gives away is asked for at RCPT, where a recipient can be refused alone; what only
// the header shows, at the end of the message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/config/config.h"
#include "policy/facts.h"
#include "policy/message/envelope.h"

namespace icm {

// The declared stream that the envelope alone gives away; nullptr when none does. The same at RCPT
// and at the end of the message: not Envelope::stream, which the gate reads from the header.
const StreamConfig* stream_at_rcpt(const std::vector<StreamConfig>& streams,
                                   const Envelope& envelope);

// The scopes known at RCPT.
std::vector<std::string> scopes_at_rcpt(const std::vector<StreamConfig>& streams,
                                        const Envelope& envelope);

// The scopes that could not be asked for at RCPT.
std::vector<std::string> scopes_of_header(const std::vector<StreamConfig>& streams,
                                          const Facts& facts);

}  // namespace icm
