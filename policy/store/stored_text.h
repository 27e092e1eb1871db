// SPDX-License-Identifier: Apache-2.0
//
// Texts as they are kept beside an address: a source, a note, a reply. Whoever prints them later
// must not be made to print something else.
#pragma once

#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace icm {

// At most `limit` octets of UTF-8 without control characters; else Code::syntax, with `name` in
// front, says so.
[[nodiscard]] Status check_stored_text(std::string_view name, std::string_view text,
                                       std::size_t limit);

// Somebody else's text made fit to be kept: what check_stored_text() would not let pass becomes
// "?", and it ends with the last whole character that has room.
std::string for_store(std::string_view text, std::size_t limit);

}  // namespace icm
