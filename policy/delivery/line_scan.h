// SPDX-License-Identifier: Apache-2.0
//
// The pieces that lines of mail servers are made of. Each takes its piece off the front of `text`,
// or leaves it as it is.
#pragma once

#include <optional>
#include <string_view>

namespace icm {

// "QUEUEID: ", 6 to 32 letters and digits, as Postfix (short and long ones) and Sendmail make them.
std::optional<std::string_view> take_queue_id(std::string_view& text);

// Exactly this.
bool take_word(std::string_view& text, std::string_view word);

// "local@domain>", the angle bracket in front taken already: with a quoted local part, or without
// blanks, commas and brackets. Postfix writes addresses as in RFC 5321 (info_log_address_format);
// one that is written without the quotes it needs could hold the rest of a line.
std::optional<std::string_view> take_logged_address(std::string_view& text);

}  // namespace icm
