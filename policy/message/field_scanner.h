// SPDX-License-Identifier: Apache-2.0
//
// FieldScanner: the words of RFC 5322 §3.2 (blanks and comments, atoms, quoted strings) as they
// follow one another in a field body. The grammars above it are in structured*.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace icm {

// What stood between two tokens: blanks, folds, comments (RFC 5322 §3.2.2 CFWS).
struct Gap {
  bool present = false;
  bool has_comment = false;
};

// A quoted string without its quotes, escapes and folds; or a domain literal with its brackets,
// and escaped only where it must be.
struct QuotedText {
  std::string text;
  bool obsolete_syntax = false;  // control characters, RFC 5322 §4.1
};

// Reads forward only and looks at every octet a bounded number of times; comments nest without
// recursion. Views handed out point into the value. Not synchronised.
class FieldScanner {
 public:
  explicit FieldScanner(std::string_view value) : value_(value) {}

  bool at_end() const { return offset_ == value_.size(); }
  std::size_t offset() const { return offset_; }
  bool next_is(char c) const { return !at_end() && value_[offset_] == c; }
  bool take(char c);

  // The longest run of octets that `belongs` accepts; may be empty.
  template <class Predicate>
  std::string_view take_while(Predicate belongs) {
    const std::size_t begin = offset_;
    while (offset_ < value_.size() && belongs(value_[offset_])) ++offset_;
    return value_.substr(begin, offset_ - begin);
  }

  // Whether an octet that `belongs` accepts comes next.
  template <class Predicate>
  bool next_in(Predicate belongs) const {
    return !at_end() && belongs(value_[offset_]);
  }

  // Passes CFWS. A line end is only taken as part of a fold; a comment must be closed.
  [[nodiscard]] Result<Gap> gap();

  // At '"': RFC 5322 §3.2.4. At '[': RFC 5322 §3.4.1 domain-literal.
  [[nodiscard]] Result<QuotedText> quoted_string();
  [[nodiscard]] Result<QuotedText> domain_literal();

  // "offset 7: expected WHAT, found ..." for the place where the scanner stands.
  tl::unexpected<Error> expected(std::string_view what) const;

 private:
  bool take_fold();
  Status comment();
  Result<QuotedText> delimited(char close, std::string_view what);

  std::string_view value_;
  std::size_t offset_ = 0;
};

}  // namespace icm
