// SPDX-License-Identifier: Apache-2.0
//
// What others have to know of the policy throttle.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/clock.h"
#include "policy/message/envelope.h"

namespace icm {

// The form of a mail: its author and the words of its Subject that copies of a mailing have in
// common, as 16 hexadecimal digits; the same on every machine. What a template is known by when it
// has to be stopped.
std::string mail_form(std::string_view author, std::string_view subject);

// Whose mail a domain or a form is held back for: the login that submits it, else the stream, else
// how it came to us (to_string(Origin)); as person_word(). Written behind the subject of a backoff,
// "shop.example~0123456789abcdef", so that nobody else's mail waits for what one has sent.
std::string submitter_word(std::string_view login, std::string_view stream,
                           std::string_view origin);

// The same for a mail and a recipient whenever they come by, as far as the envelope can tell:
// sender, recipient, size. Never 0.
std::uint64_t throttle_claim(const Envelope& envelope, const Recipient& recipient);

// When to try again what will be free at `free`: later by up to as long as there is to wait, one
// minute at least and an hour at most, each claim at its own moment, so that they do not come all
// at once.
WallTime spread_retry(WallTime free, WallTime now, std::uint64_t claim);

}  // namespace icm
