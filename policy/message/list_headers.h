// SPDX-License-Identifier: Apache-2.0
//
// What is inside the List-* fields: URIs in angle brackets (RFC 2369 §2) and list identifiers
// (RFC 2919).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace icm {

// One "<URI>". Whether it is a URI is Uri::parse's to say.
struct ListUrl {
  std::string text;         // without brackets; blanks and folds inside them are dropped (§2)
  bool had_blanks = false;  // there were some: a mail server or a careless sender put them in
  bool operator==(const ListUrl&) const = default;
};

// The first place where a field leaves the grammar of RFC 2369 §2. What follows it is not read,
// since clients have to ignore it.
struct ListFault {
  enum class Kind {
    empty,         // nothing at all
    no_brackets,   // something that does not begin with "<"
    open_bracket,  // "<" without ">"
    nested,        // "<" inside brackets
    empty_url,     // "<>"
    no_comma,      // something other than a comma after ">"
    ends_in_comma,
    open_comment,  // "(" without ")"
  };
  Kind kind = Kind::empty;
  std::size_t offset = 0;  // octets into the field body
  std::string text;        // in words: "expected \"<\" at octet 1, found \"https://…\""
  bool operator==(const ListFault&) const = default;
};

struct ListUrls {
  std::vector<ListUrl> urls;  // in order of preference
  bool is_no = false;         // List-Post: NO (§3.4): nobody may post
  std::optional<ListFault> fault;
  bool operator==(const ListUrls&) const = default;
};

// Reads the body of List-Unsubscribe, List-Help, List-Subscribe, List-Post, List-Owner or
// List-Archive. Comments outside the brackets are skipped. Linear in the octets.
ListUrls parse_list_urls(std::string_view value);

// RFC 2919 §3: an optional phrase and "<" list-id ">": the identifier, which is two or more labels
// joined by dots, ASCII, at most 255 octets, without blanks.
[[nodiscard]] Result<std::string> parse_list_id(std::string_view value);

}  // namespace icm
