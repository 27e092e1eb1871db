// SPDX-License-Identifier: Apache-2.0
//
// Adding the List-Unsubscribe pair to mail of a declared stream that came without it. Done where
// mail comes in: RFC 8058 §4 asks for a DKIM signature over both fields, this milter makes none,
// and one that comes after it in the mail server's list sees what it added.
#pragma once

#include <vector>

#include "policy/classification.h"
#include "policy/config/config.h"
#include "policy/message/envelope.h"
#include "policy/message/header.h"
#include "policy/unsubscribe/token.h"
#include "policy/verdict.h"

namespace icm {

// Whether a stream asks for it, so that keys are needed.
bool adds_unsubscribe(const Config& config);

// Both fields, or nothing: where no stream asks for it, the mail is not ours, is for several
// recipients (one token would be for one of them, RFC 8058 §3.1), has either field already, or has
// a DKIM signature that names one of them in h=, and so says that there is none (RFC 6376 §5.4.2).
std::vector<HeaderEdit> unsubscribe_edits(const Config& config, const UnsubscribeTokens& tokens,
                                          const Envelope& envelope, const HeaderList& headers,
                                          const Classification& classification);

}  // namespace icm
