// SPDX-License-Identifier: Apache-2.0
//
// Hostile octets to printable ASCII, so that a reply reads the same whoever wrote it down.
#pragma once

#include <string>
#include <string_view>

namespace icm {

// Typographic signs in UTF-8, in Windows-1252, doubly encoded, or written as an escape become their
// ASCII cousins; line ends (CR LF, LF, and "\r\n" written out) become LF; other blanks and control
// characters a blank; everything else that is not ASCII "?". Never longer than `octets`.
std::string plain_words(std::string_view octets);

}  // namespace icm
