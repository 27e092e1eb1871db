// SPDX-License-Identifier: Apache-2.0
//
// The words of RFC 5322 §3.2.
#include "policy/message/field_scanner.h"

#include "policy/base/text.h"

namespace icm {
namespace {

// NUL, CR and LF are never part of a word. RFC 5322 §4.1 lets old messages escape them, but none
// comes through SMTP whole (RFC 5321 §4.5.2, §2.3.8).
bool is_forbidden(char c) { return c == '\0' || c == '\r' || c == '\n'; }

// RFC 5322 §4.1 obs-NO-WS-CTL
bool is_control(char c) { return (c > 0 && c < ' ' && c != '\t') || c == 0x7f; }

}  // namespace

tl::unexpected<Error> FieldScanner::expected(std::string_view what) const {
  std::string found = "the end";
  if (!at_end()) {
    const char c = value_[offset_];
    found = c >= ' ' && c <= '~' ? fmt::format("\"{}\"", c)
                                 : fmt::format("the octet 0x{:02x}", static_cast<unsigned char>(c));
  }
  return fail(Code::syntax, fmt::format("offset {}: expected {}, found {}", offset_, what, found));
}

bool FieldScanner::take(char c) {
  if (!next_is(c)) return false;
  ++offset_;
  return true;
}

// RFC 5322 §3.2.2: a line end that a blank follows. HeaderList writes CRLF; a bare LF is taken too.
bool FieldScanner::take_fold() {
  const std::string_view rest = value_.substr(offset_);
  const std::size_t line_end = rest.starts_with("\r\n") ? 2 : rest.starts_with('\n') ? 1 : 0;
  if (line_end == 0 || rest.size() == line_end || !is_wsp(rest[line_end])) return false;
  offset_ += line_end;
  return true;
}

Result<Gap> FieldScanner::gap() {
  Gap gap;
  for (;;) {
    if (next_in(is_wsp)) {
      ++offset_;
    } else if (next_is('(')) {
      ICM_CHECK(comment());
      gap.has_comment = true;
    } else if (!take_fold()) {
      return gap;
    }
    gap.present = true;
  }
}

// RFC 5322 §3.2.2 comment. A counter stands for the nesting, so depth costs nothing.
Status FieldScanner::comment() {
  const std::size_t begin = offset_;
  std::size_t depth = 0;
  while (!at_end()) {
    if (take_fold()) continue;
    const bool escaped = take('\\');
    if (at_end()) break;
    const char c = value_[offset_];
    if (is_forbidden(c)) return expected("text of the comment");
    ++offset_;
    if (escaped) continue;
    if (c == '(') ++depth;
    if (c == ')' && --depth == 0) return {};
  }
  return fail(Code::syntax, fmt::format("offset {}: the comment is not closed", begin));
}

Result<QuotedText> FieldScanner::quoted_string() { return delimited('"', "quoted string"); }

Result<QuotedText> FieldScanner::domain_literal() {
  ICM_TRY(QuotedText literal, delimited(']', "domain literal"));
  std::string text = "[";
  for (const char c : literal.text) {
    if (is_wsp(c)) continue;
    if (c == '[' || c == ']' || c == '\\') text += '\\';
    text += c;
  }
  literal.text = text + "]";
  return literal;
}

Result<QuotedText> FieldScanner::delimited(char close, std::string_view what) {
  const std::size_t begin = offset_++;
  QuotedText quoted;
  while (!at_end()) {
    if (take_fold()) continue;
    if (take(close)) return quoted;
    const bool escaped = take('\\');
    if (at_end()) break;
    const char c = value_[offset_];
    if (is_forbidden(c) || (close == ']' && c == '[' && !escaped)) {
      return expected(fmt::format("text of the {}", what));
    }
    // Escapes inside a literal are obs-dtext.
    if (is_control(c) || (escaped && close == ']')) quoted.obsolete_syntax = true;
    quoted.text += c;
    ++offset_;
  }
  return fail(Code::syntax, fmt::format("offset {}: the {} is not closed", begin, what));
}

}  // namespace icm
