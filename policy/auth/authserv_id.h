// SPDX-License-Identifier: Apache-2.0
//
// Who wrote an Authentication-Results field: telling our own from others, and from those that only
// claim to be ours (RFC 8601 §5).
#pragma once

#include <string_view>

#include "policy/message/header.h"

namespace icm {

// Whether two authserv-ids are the same: without case, and as domains where both are such, A-labels
// and U-labels being equal (RFC 8601 §5).
bool is_same_authserv_id(std::string_view a, std::string_view b);

// Whether a field body could be taken by any reader as coming from `our_id`. Errs to true: case,
// quotes, comments, blanks, a version, a final dot do not hide the id; a field that cannot be
// parsed claims it when the id stands before the first semicolon. An empty `our_id` claims nothing.
bool claims_authserv_id(std::string_view value, std::string_view our_id);

// RFC 8601 §5: whether a field of a message that enters must go: Authentication-Results that claims
// our id, or of a version that nobody here understands. A blank between the name and the colon
// (RFC 5322 §4.5) does not hide it.
bool is_removed_at_arrival(const HeaderField& field, std::string_view our_id);

}  // namespace icm
