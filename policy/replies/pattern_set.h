// SPDX-License-Identifier: Apache-2.0
//
// PatternSet: many regular expressions asked at once, in time linear in the text and memory that is
// bounded, whatever the expressions and the text are.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace icm {

inline constexpr std::size_t max_pattern_octets = 2000;

// RE2's syntax, ignoring the case of letters, octet by octet. Immutable; safe from any thread.
class PatternSet {
 public:
  // An Error says which pattern, counted from 0, is none, and why.
  [[nodiscard]] static Result<PatternSet> make(const std::vector<std::string>& patterns);

  // The indices of the patterns that match somewhere in `text`, rising.
  std::vector<int> matches(std::string_view text) const;

 private:
  struct Compiled;
  explicit PatternSet(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

// Why `pattern` is not one that a table can use: no regular expression, too long, too large once
// compiled, or matching the empty text and with it everything.
[[nodiscard]] Status check_pattern(std::string_view pattern);

}  // namespace icm
