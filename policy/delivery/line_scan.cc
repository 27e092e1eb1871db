// SPDX-License-Identifier: Apache-2.0
#include "policy/delivery/line_scan.h"

#include <algorithm>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t shortest_queue_id = 6;
constexpr std::size_t longest_queue_id = 32;

// How far a quoted string (RFC 5321 §4.1.2) goes that begins here; npos when it has no end.
std::size_t quoted_size(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

bool ends_an_address(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' ||
         std::string_view("<>(),;\"").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<std::string_view> take_queue_id(std::string_view& text) {
  const std::size_t size =
      std::ranges::find_if_not(text, [](char c) { return is_alpha(c) || is_digit(c); }) -
      text.begin();
  if (size < shortest_queue_id || size > longest_queue_id) return std::nullopt;
  if (!text.substr(size).starts_with(": ")) return std::nullopt;
  const std::string_view queue_id = text.substr(0, size);
  text.remove_prefix(size + 2);
  return queue_id;
}

bool take_word(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

std::optional<std::string_view> take_logged_address(std::string_view& text) {
  std::size_t end = 0;
  if (text.starts_with('"')) {
    end = quoted_size(text);
    if (end == std::string_view::npos) return std::nullopt;
  }
  while (end < text.size() && !ends_an_address(text[end])) ++end;
  if (end == text.size() || text[end] != '>') return std::nullopt;
  const std::string_view address = text.substr(0, end);
  text.remove_prefix(end + 1);
  return address;
}

}  // namespace icm
