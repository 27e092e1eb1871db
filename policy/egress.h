// SPDX-License-Identifier: Apache-2.0
//
// Egress: what Apple's servers will see of the connection a message leaves by, and what a server of
// ours sees of the one it came by.
#pragma once

#include <string_view>

#include "policy/auth/authenticator.h"
#include "policy/classification.h"
#include "policy/config/config.h"
#include "policy/message/envelope.h"

namespace icm {

// For mail that leaves: every address of its stream, or of the whole site, with the name given in
// HELO there; `host` where none is configured. No clients when no address is configured: SPF is not
// asked then.
SpfQuestions leaving_by(const Config& config, const Envelope& envelope,
                        const Classification& classification, std::string_view host);

// For mail that enters: its client. `receiver` is our name for it. No clients when it is unknown.
SpfQuestions entering_by(const Envelope& envelope, std::string_view receiver);

}  // namespace icm
