// SPDX-License-Identifier: Apache-2.0
//
// The words of a mail that its copies to other readers share, as far as one can tell by looking at
// a single copy.
#pragma once

#include <functional>
#include <string_view>

namespace icm {

// Calls `take` for each word of a Subject field's body and then of the first octets of a body, as
// they stand in the message. Encoded words, quoted-printable and base64 are decoded; HTML tags and
// what stands in braces, MIME delimiters, and words with digits, links, addresses or of more than
// 40 octets are left out: they hold numbers, tokens and styles. Character sets are not converted.
// Never fails; what is not well-formed is read as it stands.
void for_each_shared_word(std::string_view subject, std::string_view opening,
                          const std::function<void(std::string_view)>& take);

}  // namespace icm
