// SPDX-License-Identifier: Apache-2.0
//
// What MAIL and RCPT say, as libmilter hands it over: the address first, then ESMTP parameters.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/message/envelope.h"

namespace icm {

using SmtpArguments = std::span<const std::string_view>;

// The reverse path. Mail that came by no SMTP has it without angle brackets, and the null path as
// an empty argument (Postfix's cleanup); both are read as what they mean.
ReversePath reverse_path_of(SmtpArguments arguments);

// Sets what the parameters of MAIL say and a judgement needs: SMTPUTF8 (RFC 6531 §3.4), BODY
// (RFC 6152 §2, RFC 3030 §3) and SIZE (RFC 1870 §6). One that is malformed counts as not given.
void read_mail_parameters(SmtpArguments arguments, Envelope& envelope);

// The recipient; whether it is Apple's is not decided here. ORCPT (RFC 3461 §4.2) is kept when it
// is of type rfc822 and legal xtext.
Recipient recipient_of(SmtpArguments arguments);

// RFC 3461 §4: '+' and two upper-case hex digits stand for an octet. nullopt when it is no xtext.
std::optional<std::string> decode_xtext(std::string_view text);

}  // namespace icm
