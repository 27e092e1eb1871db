// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/tag_list.h"

#include <algorithm>

#include "policy/base/text.h"

namespace icm {
namespace {

// FWS of RFC 6376 §2.8, as far as it matters to somebody who already holds one field: blanks and
// the line ends of folds.
constexpr bool is_fws(char c) { return is_wsp(c) || c == '\r' || c == '\n'; }

std::string_view trim_fws(std::string_view text) {
  while (!text.empty() && is_fws(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_fws(text.back())) text.remove_suffix(1);
  return text;
}

bool is_tag_name(std::string_view name) {
  return !name.empty() && is_alpha(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; });
}

bool is_tag_value(std::string_view value) {
  const bool plain = std::ranges::all_of(
      value, [](char c) { return is_fws(c) || static_cast<unsigned char>(c) > ' '; });
  return plain && value.find('\x7f') == std::string_view::npos && is_utf8(value);
}

}  // namespace

Result<TagList> TagList::parse(std::string_view text) {
  constexpr std::size_t most_tags = 100;  // the standards know a dozen; each is compared with all
  TagList list;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find(';', at), text.size());
    const std::string_view spec = text.substr(at, end - at);
    // A final ";" may be followed by blanks only; anywhere else an empty spec is an error.
    if (trim_fws(spec).empty() && end == text.size() && at > 0) break;
    const std::size_t equals = spec.find('=');
    const std::string_view name = trim_fws(spec.substr(0, equals));
    if (equals == std::string_view::npos || !is_tag_name(name)) {
      return fail(Code::syntax, fmt::format("expected tag=value, got \"{}\"", for_log(spec, 40)));
    }
    const std::string_view value = spec.substr(equals + 1);
    if (!is_tag_value(value)) {
      return fail(Code::syntax, fmt::format("tag {}: illegal character in the value", name));
    }
    if (list.tags_.size() == most_tags) {
      return fail(Code::syntax, fmt::format("more than {} tags", most_tags));
    }
    // §3.2: "Tags with duplicate names MUST NOT occur within a single tag-list".
    if (list.find(name) != nullptr)
      return fail(Code::syntax, fmt::format("tag {} occurs twice", name));
    list.tags_.push_back({.name = std::string(name),
                          .value = std::string(trim_fws(value)),
                          .value_begin = at + equals + 1,
                          .value_end = end});
    at = end + 1;
  }
  return list;
}

const Tag* TagList::find(std::string_view name) const {
  const auto found = std::ranges::find(tags_, name, &Tag::name);
  return found == tags_.end() ? nullptr : &*found;
}

std::string_view TagList::value(std::string_view name, std::string_view otherwise) const {
  const Tag* const tag = find(name);
  return tag == nullptr ? otherwise : std::string_view(tag->value);
}

std::string without_blanks(std::string_view value) {
  std::string plain;
  plain.reserve(value.size());
  std::ranges::copy_if(value, std::back_inserter(plain), [](char c) { return !is_fws(c); });
  return plain;
}

std::vector<std::string> colon_list(std::string_view value) {
  std::vector<std::string> pieces;
  for (const std::string_view piece : split(value, ':')) pieces.emplace_back(trim_fws(piece));
  return pieces;
}

}  // namespace icm
