// SPDX-License-Identifier: Apache-2.0
//
// Recognising our own name in a field that somebody else may have written to deceive.
#include "policy/auth/authserv_id.h"

#include <string>

#include "policy/auth/auth_results.h"
#include "policy/auth/auth_results_grammar.h"
#include "policy/base/domain.h"
#include "policy/base/text.h"

namespace icm {
namespace {

// Letters, digits and what may join them inside an authserv-id.
bool is_id_char(char c) {
  return is_alpha(c) || is_digit(c) || c == '.' || c == '-' || c == '_' ||
         static_cast<unsigned char>(c) > 127;
}

// `text` without comments, as long as they are closed.
std::string without_comments(std::string_view text) {
  std::string rest;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      if (depth == 0) rest.append(text, i, 2);
      ++i;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && depth > 0) {
      --depth;
    } else if (depth == 0) {
      rest += c;
    }
  }
  return rest;
}

// What a careless reader may see: nothing but the characters that could belong to words, signs and
// separators, from the first word on.
std::string squeezed(std::string_view text) {
  std::string rest;
  for (const char c : text) {
    const bool is_noise = static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '"' ||
                          c == '\'' || c == '\\' || c == '<' || c == '>';
    if (is_noise || (rest.empty() && !is_id_char(c))) continue;
    rest += lower_ascii(c);
  }
  return rest;
}

// Whether `text` begins with the id as a whole word; a final dot and a version may follow.
bool begins_with_id(std::string_view text, std::string_view id) {
  if (!text.starts_with(id)) return false;
  text.remove_prefix(id.size());
  if (text.starts_with('.') && (text.size() == 1 || !is_id_char(text[1]))) return true;
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  return digits == text.size() || !is_id_char(text[digits]);
}

// Whether the id stands as a word of its own before the first semicolon. Behind "=" or "@" it is
// part of a value, not an id.
bool mentions_id(std::string_view text, std::string_view id) {
  const std::string head = lower_ascii(text.substr(0, text.find(';')));
  for (std::size_t at = head.find(id); at != std::string::npos; at = head.find(id, at + 1)) {
    const bool begins =
        at == 0 || (!is_id_char(head[at - 1]) && head[at - 1] != '=' && head[at - 1] != '@');
    if (begins && begins_with_id(std::string_view(head).substr(at), id)) return true;
  }
  return false;
}

bool claims(const Result<AuthenticationResults>& parsed, std::string_view value,
            std::string_view our_id) {
  if (our_id.empty()) return false;
  if (parsed && is_same_authserv_id(parsed->authserv_id, our_id)) return true;
  // Some readers decode RFC 2047 words before they parse; no honest field begins with one.
  if (trim(value).starts_with("=?")) return true;
  const std::string id = squeezed(our_id);
  return begins_with_id(squeezed(without_comments(value)), id) ||
         begins_with_id(squeezed(value), id) || mentions_id(value, lower_ascii(our_id));
}

}  // namespace

bool is_same_authserv_id(std::string_view a, std::string_view b) {
  if (equal_ascii(a, b)) return true;
  const auto first = Domain::parse(a);
  if (!first) return false;
  const auto second = Domain::parse(b);
  return second && *first == *second;
}

bool claims_authserv_id(std::string_view value, std::string_view our_id) {
  return claims(AuthenticationResults::parse(value), value, our_id);
}

bool is_removed_at_arrival(const HeaderField& field, std::string_view our_id) {
  if (!equal_ascii(trim(field.name), auth_results_field)) return false;
  const auto parsed = AuthenticationResults::parse(field.value);
  // RFC 8601 §5: a version that is not understood here SHOULD go, and MUST when it came from
  // outside.
  if (parsed && parsed->version != 1) return true;
  return claims(parsed, field.value, our_id);
}

}  // namespace icm
