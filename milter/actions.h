// SPDX-License-Identifier: Apache-2.0
//
// Actions: what was decided about a message, done to it through the mail server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "milter/mta.h"
#include "policy/verdict.h"

namespace icm {

// The changes to a message that goes on.
struct Changes {
  std::vector<HeaderEdit> headers;
  std::string quarantine_reason;               // empty: not held
  std::vector<std::string> delete_recipients;  // each as RCPT gave it
};

// Asks for the changes in one fixed order, whatever the order they were found in: field removals
// from the highest occurrence down (each removal renumbers those below it), insertions so that the
// first one named stands on top, quarantine, recipients.
// False as soon as the mail server refuses one: the message must then be deferred, which takes back
// those already made.
[[nodiscard]] bool apply(const Changes& changes, Mta& mta);

// A field body that stays one field whatever was written into it: CRLF + blank folds are kept, any
// other CR, LF or NUL becomes a blank (RFC 5322 §2.2).
std::string one_field(std::string_view value);

}  // namespace icm
