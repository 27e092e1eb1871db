// SPDX-License-Identifier: Apache-2.0
//
// The words of Authentication-Results.
#include "policy/auth/auth_results_grammar.h"

namespace icm {
namespace {

bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) > 127; }

// RFC 6376 §3.5 domain-name: sub-domains joined by at least one dot; U-labels as RFC 8601 §2.7
// allows them.
bool is_domain_name(std::string_view text) {
  if (text.find('.') == std::string_view::npos) return false;
  for (const std::string_view label : split(text, '.')) {
    if (label.empty() || label.starts_with('-') || label.ends_with('-')) return false;
    for (const char c : label) {
      if (!is_alpha(c) && !is_digit(c) && c != '-' && !is_beyond_ascii(c)) return false;
    }
  }
  return true;
}

// Length of the quoted-string that `text` begins with; 0 when it is none.
std::size_t quoted_length(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
    if (i == text.size() || is_control(text[i])) return 0;
  }
  return 0;
}

}  // namespace

bool is_token(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || is_control(c) || is_tspecial(c)) return false;
  }
  return true;
}

bool is_keyword(std::string_view text) {
  if (text.empty() || text.ends_with('-')) return false;
  for (const char c : text) {
    if (!is_alpha(c) && !is_digit(c) && c != '-') return false;
  }
  return true;
}

bool is_address_value(std::string_view text) {
  if (text.starts_with('"')) {
    const std::size_t local = quoted_length(text);
    return local != 0 && local < text.size() && text[local] == '@' &&
           is_domain_name(text.substr(local + 1));
  }
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return is_domain_name(text);
  return (at == 0 || is_dot_atom(text.substr(0, at))) && is_domain_name(text.substr(at + 1));
}

}  // namespace icm
