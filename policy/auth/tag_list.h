// SPDX-License-Identifier: Apache-2.0
//
// TagList: "a=b; c=d" as DKIM, ARC and their key records write it (RFC 6376 §3.2).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace icm {

struct Tag {
  std::string name;             // case-sensitive
  std::string value;            // blanks and folds off both ends, those inside kept as they are
  std::size_t value_begin = 0;  // where the value stands in the text, surrounding blanks included:
  std::size_t value_end = 0;    // from behind "=" to before ";" or the end
};

// A list that is well formed: every tag named, no name twice.
class TagList {
 public:
  // The Error names the tag and what was expected. UTF-8 is taken in values (RFC 8616 §3); other
  // octets above 127 and control characters are not.
  [[nodiscard]] static Result<TagList> parse(std::string_view text);

  const std::vector<Tag>& tags() const { return tags_; }
  const Tag* find(std::string_view name) const;

  // The value, or `otherwise` when the tag is absent. Views live as long as the list.
  std::string_view value(std::string_view name, std::string_view otherwise = {}) const;

 private:
  std::vector<Tag> tags_;
};

// The value without any blank or fold: base64 and colon lists may hold them anywhere.
std::string without_blanks(std::string_view value);

// "a : b:c" as {"a", "b", "c"}, blanks off each; an empty piece is kept.
std::vector<std::string> colon_list(std::string_view value);

}  // namespace icm
