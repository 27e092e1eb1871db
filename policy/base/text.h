// SPDX-License-Identifier: Apache-2.0
//
// Words about octets: ASCII folding, trimming, splitting; and the doors through which untrusted
// text leaves us. No locale anywhere.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace icm {

constexpr bool is_wsp(char c) { return c == ' ' || c == '\t'; }  // RFC 5234 WSP
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// RFC 5322 §3.2.3 atext, and every octet above 127 (RFC 6532 §3.2).
inline constexpr auto atext_octets = [] {
  std::array<bool, 256> is_member{};
  for (int octet = 0; octet < 256; ++octet) {
    const char c = static_cast<char>(octet);
    is_member[static_cast<std::size_t>(octet)] =
        is_alpha(c) || is_digit(c) || octet > 127 ||
        std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
  }
  return is_member;
}();
constexpr bool is_atext(char c) { return atext_octets[static_cast<unsigned char>(c)]; }
bool is_dot_atom(std::string_view text);   // RFC 5322 §3.2.3 dot-atom-text
bool is_ascii(std::string_view text);      // no octet above 127
bool is_printable(std::string_view text);  // blanks and visible ASCII characters only
bool is_utf8(std::string_view text);       // RFC 3629 §4: no overlong forms, no surrogates

std::string lower_ascii(std::string_view text);
bool equal_ascii(std::string_view a, std::string_view b);  // ignoring the case of ASCII letters
bool starts_with_ascii(std::string_view text, std::string_view prefix);
bool ends_with_ascii(std::string_view text, std::string_view suffix);

std::string_view trim(std::string_view text);  // blanks, tabs, CR and LF off both ends

// The pieces between separators, empty ones kept: split("a,,b", ',') is {"a", "", "b"}.
std::vector<std::string_view> split(std::string_view text, char separator);

// A decimal number of digits only, without sign or blanks; nullopt when it is anything else or
// does not fit.
std::optional<std::uint64_t> parse_number(std::string_view digits);

// RFC 5322 §2.2.3: the field body without the CRLF (or LF) of its folds.
std::string unfold(std::string_view value);

// For log lines and terminals: printable ASCII stays; everything else, and the backslash, becomes
// \xNN; at most `limit` octets of input, a cut is shown by "...".
std::string for_log(std::string_view text, std::size_t limit = 200);

// At most `limit` octets of `text`, a cut shown by "..."; for quoting untrusted input in an Error,
// so that no input makes an endless text. Makes nothing printable: that is for_log's work.
std::string excerpt(std::string_view text, std::size_t limit = 80);

// The nearest of `candidates` to `word` by edit distance, for "did you mean"; nullopt when none is
// near enough to be meant.
std::optional<std::string_view> nearest(std::string_view word,
                                        const std::vector<std::string_view>& candidates);

}  // namespace icm
