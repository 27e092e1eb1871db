// SPDX-License-Identifier: Apache-2.0
//
// The words that Authentication-Results is made of (RFC 8601 §2.2), for its reader and its writer.
#pragma once

#include <cstddef>
#include <string_view>

#include "policy/base/text.h"

namespace icm {

constexpr bool is_blank(char c) { return is_wsp(c) || c == '\r' || c == '\n'; }

// RFC 5322 §3.2.4 lets neither stand in a quoted-string, blank and tab apart.
constexpr bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

// RFC 2045 §5.1 tspecials.
constexpr bool is_tspecial(char c) {
  return std::string_view("()<>@,;:\\\"/[]?=").find(c) != std::string_view::npos;
}

// RFC 2045 §5.1 token, with the octets above 127 that RFC 8601 §2.2 takes from RFC 6532.
bool is_token(std::string_view text);

// RFC 5321 §4.1.2 Keyword: letters, digits and hyphens, the last no hyphen.
bool is_keyword(std::string_view text);

// RFC 8601 §2.2 pvalue, its second form: [ [ local-part ] "@" ] domain-name, without blanks, the
// local part as RFC 5322 §3.4.1 writes it today.
bool is_address_value(std::string_view text);

}  // namespace icm
