// SPDX-License-Identifier: Apache-2.0
//
// Encoded words (RFC 2047): "=?utf-8?q?J=C3=BCrgen?=". Octets are decoded, character sets are not
// converted: what is looked for in them is ASCII.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace icm {

// Every encoded word decoded to its octets; blanks between two of them are gone (RFC 2047 §6.2).
// What is no well-formed encoded word stays as it is.
std::string decode_encoded_words(std::string_view text);

// Where encoded words stand: an unstructured field such as Subject, or one of addresses, where
// quoted strings and comments mean something (RFC 2047 §5).
enum class FieldKind { unstructured, addresses };

// The first thing wrong with the encoded words of an unfolded field body, in words such as
// "encoded word \"=?x\" is longer than 75 characters"; nullopt when nothing is.
std::optional<std::string> encoded_word_fault(std::string_view text, FieldKind kind);

// UTF-8 text as one encoded word in the Q encoding, for use in an unstructured field; nullopt when
// it is not UTF-8 or does not fit into the 75 characters of RFC 2047 §2.
std::optional<std::string> encode_word(std::string_view utf8);

}  // namespace icm
