// SPDX-License-Identifier: Apache-2.0
//
// Words about octets. Nothing here knows a locale.
#include "policy/base/text.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace icm {
namespace {

// Length of the UTF-8 character at the front (RFC 3629 §4); 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = octet(0);
  const std::size_t length = lead < 0x80                    ? 1
                             : lead >= 0xc2 && lead <= 0xdf ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xc0) != 0x80) return 0;
  }
  if (lead == 0xe0 && octet(1) < 0xa0) return 0;  // overlong
  if (lead == 0xed && octet(1) > 0x9f) return 0;  // a surrogate
  if (lead == 0xf0 && octet(1) < 0x90) return 0;  // overlong
  if (lead == 0xf4 && octet(1) > 0x8f) return 0;  // beyond U+10FFFF
  return length;
}

}  // namespace

bool is_dot_atom(std::string_view text) {
  bool after_atom = false;
  for (const char c : text) {
    if (c == '.' ? !after_atom : !is_atext(c)) return false;
    after_atom = c != '.';
  }
  return after_atom;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_printable(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  // Eight octets at a time. The eighth bit of an octet is set by itself, by a borrow when it is
  // below 0x20, or by a sum when it is 0x7f; a borrow that crosses octets began in such an octet.
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    if ((((word - ones * 0x20) | word | (word + ones)) & high_bits) != 0) return false;
    text.remove_prefix(8);
  }
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = lower_ascii(c);
  return lower;
}

bool equal_ascii(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return lower_ascii(x) == lower_ascii(y);
         });
}

bool starts_with_ascii(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_ascii(text.substr(0, prefix.size()), prefix);
}

bool ends_with_ascii(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() &&
         equal_ascii(text.substr(text.size() - suffix.size()), suffix);
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const std::size_t end = text.find(separator);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  // from_chars takes no sign for an unsigned type, and no blanks.
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::string unfold(std::string_view value) {
  std::string unfolded;
  unfolded.reserve(value.size());
  std::size_t begin = 0;
  for (std::size_t lf = value.find('\n'); lf != std::string_view::npos;
       lf = value.find('\n', lf + 1)) {
    if (lf + 1 == value.size() || !is_wsp(value[lf + 1])) continue;  // ends a line, folds none
    const std::size_t end = lf > begin && value[lf - 1] == '\r' ? lf - 1 : lf;
    unfolded.append(value, begin, end - begin);
    begin = lf + 1;
  }
  return unfolded.append(value, begin);
}

std::string for_log(std::string_view text, std::size_t limit) {
  constexpr char hex[] = "0123456789abcdef";
  std::string safe;
  safe.reserve(std::min(text.size(), limit) + 8);
  for (const char c : text.substr(0, limit)) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      safe += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      safe += {'\\', 'x', hex[octet >> 4], hex[octet & 15]};
    }
  }
  if (text.size() > limit) safe += "...";
  return safe;
}

std::string excerpt(std::string_view text, std::size_t limit) {
  std::string quoted(text.substr(0, limit));
  if (text.size() > limit) quoted += "...";
  return quoted;
}

namespace {

// Optimal string alignment: insertions, deletions, substitutions and swapped neighbours, the four
// ways a word is mistyped, cost one each.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower_ascii(a[i - 1]) == lower_ascii(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word,
                                        const std::vector<std::string_view>& candidates) {
  constexpr std::size_t longest_word = 64;  // nobody mistypes more than that; bounds the work
  if (word.size() > longest_word) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(word.size() / 3, 1) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > longest_word) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best_distance || distance >= candidate.size()) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

}  // namespace icm
