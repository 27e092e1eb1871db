// SPDX-License-Identifier: Apache-2.0
//
// What libopendkim may not see, since it would assert, write past a buffer or judge wrongly: each
// function says why not, or nothing when it may. Part of second_opinion_dkim.cc.
#pragma once

#include <string>
#include <string_view>

#include "policy/auth/dkim.h"
#include "policy/base/clock.h"
#include "policy/message/header.h"

namespace icm::libopendkim {

std::string wrong_about(std::string_view what);

// A CR that does not begin a CRLF; `next` is what follows the text.
bool has_bare_cr(std::string_view text, char next);

// The value of one DKIM-Signature.
std::string objection_to_signature(std::string_view field_value);

// The header as a whole.
std::string objection_to_header(const HeaderList& headers);

// Its clock is the machine's: whether that makes a difference to the answer.
std::string objection_to_clock(const DkimResult& ours, WallTime now);

// A key record that it would read otherwise than RFC 6376 §3.6.1 says.
std::string objection_to_key(std::string_view text);

}  // namespace icm::libopendkim
