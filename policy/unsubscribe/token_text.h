// SPDX-License-Identifier: Apache-2.0
//
// What is inside a token, and the letters it is written in; no secrets here
// (policy/unsubscribe/token says what the forms are).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace icm {

struct UnsubscribeWish;

// RFC 4648 §6 in lower case without padding.
std::string to_base32(std::string_view octets);

// In any case; nothing for what to_base32() does not write.
std::optional<std::string> from_base32(std::string_view text);

// The plaintext of a token, and back; nothing for what no wish is written as.
std::string to_plain(const UnsubscribeWish& wish);
std::optional<UnsubscribeWish> from_plain(std::string_view plain);

}  // namespace icm
