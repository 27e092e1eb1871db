// SPDX-License-Identifier: Apache-2.0
#include "policy/store/stored_text.h"

#include <algorithm>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t longest_character = 4;  // octets; RFC 3629 §3

// Also the control characters of ISO 6429 in their UTF-8 form, U+0080 to U+009F: a terminal obeys
// some of them as it obeys ESC.
bool begins_with_control(std::string_view text) {
  const auto octet = static_cast<unsigned char>(text[0]);
  return octet < ' ' || octet == 0x7f ||
         (octet == 0xc2 && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0xa0);
}

bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_with_control(text.substr(i))) return true;
  }
  return false;
}

// Of the character that `text` begins with; nought when that is none.
std::size_t character_length(std::string_view text) {
  for (std::size_t size = 1; size <= std::min(longest_character, text.size()); ++size) {
    if (is_utf8(text.substr(0, size))) return size;
  }
  return 0;
}

}  // namespace

Status check_stored_text(std::string_view name, std::string_view text, std::size_t limit) {
  if (text.size() <= limit && !has_control(text) && is_utf8(text)) return {};
  return fail(
      Code::syntax,
      fmt::format("{}: expected at most {} octets of UTF-8 without control characters, found "
                  "{} octets, \"{}\"",
                  name, limit, text.size(), for_log(text, 60)));
}

std::string for_store(std::string_view text, std::size_t limit) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const bool is_kept = length > 0 && !begins_with_control(text);
    const std::string_view next = is_kept ? text.substr(0, length) : "?";
    if (kept.size() + next.size() > limit) break;
    kept += next;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return kept;
}

}  // namespace icm
