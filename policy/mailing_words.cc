// SPDX-License-Identifier: Apache-2.0
#include "policy/mailing_words.h"

#include <algorithm>
#include <optional>
#include <string>

#include "policy/auth/crypto.h"
#include "policy/base/text.h"
#include "policy/message/encoded_word.h"

namespace icm {
namespace {

constexpr std::size_t longest_word = 40;
constexpr std::size_t shortest_base64_line = 40;  // of text no line so long is without a blank

bool is_base64_octet(char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '/'; }

std::optional<int> hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// Undoes the encodings of RFC 2045 §6.7 and §6.8 line by line. Which one is in use is seen at the
// line itself: the header of a part may lie behind what is looked at.
class Decoder {
 public:
  std::string decoded(std::string_view opening) && {
    text_.reserve(opening.size());
    while (!opening.empty()) {
      const std::size_t end = std::min(opening.find('\n'), opening.size());
      std::string_view line = opening.substr(0, end);
      opening.remove_prefix(std::min(end + 1, opening.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.starts_with("--")) continue;  // a delimiter: its text is random (RFC 2046 §5.1.1)
      if (!take_base64(line)) take_quoted_printable(line);
    }
    return std::move(text_);
  }

 private:
  bool take_base64(std::string_view line) {
    const std::size_t least = in_base64_ ? 1 : shortest_base64_line;
    const std::string_view octets = line.substr(0, line.find_last_not_of('=') + 1);
    in_base64_ = line.size() >= least && std::ranges::all_of(octets, is_base64_octet);
    if (!in_base64_) return false;
    const auto plain = from_base64(line);
    if (plain) text_ += *plain;
    in_base64_ = plain.has_value();
    return in_base64_;
  }

  void take_quoted_printable(std::string_view line) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] != '=') {
        text_ += line[i];
        continue;
      }
      if (i + 1 == line.size()) return;  // a soft line break
      const auto high = hex_value(line[i + 1]);
      const auto low = i + 2 < line.size() ? hex_value(line[i + 2]) : std::nullopt;
      if (!high || !low) {
        text_ += line[i];
        continue;
      }
      text_ += static_cast<char>(*high * 16 + *low);
      i += 2;
    }
    text_ += '\n';
  }

  std::string text_;
  bool in_base64_ = false;
};

bool is_shared(std::string_view word) {
  return !word.empty() && word.size() <= longest_word && std::ranges::none_of(word, [](char c) {
    return is_digit(c) || c == '@' || c == '/' || c == '=';
  });
}

// The octet that ends the tag or block which begins at `place`; 0 when none does.
char closer_at(std::string_view text, std::size_t place) {
  if (text[place] == '{') return '}';
  if (text[place] != '<' || place + 1 == text.size()) return 0;
  const char next = text[place + 1];
  return is_alpha(next) || next == '/' || next == '!' ? '>' : char{0};
}

void split_words(std::string_view text, const std::function<void(std::string_view)>& take) {
  std::size_t begin = 0;
  const auto end_word = [&](std::size_t end) {
    const std::string_view word = text.substr(begin, end - begin);
    if (is_shared(word)) take(word);
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char closer = closer_at(text, i);
    const bool is_blank = is_wsp(text[i]) || text[i] == '\r' || text[i] == '\n';
    if (!is_blank && closer == 0) continue;
    end_word(i);
    if (closer != 0) i = std::min(text.find(closer, i), text.size() - 1);
    begin = i + 1;
  }
  end_word(text.size());
}

}  // namespace

void for_each_shared_word(std::string_view subject, std::string_view opening,
                          const std::function<void(std::string_view)>& take) {
  split_words(decode_encoded_words(unfold(subject)), take);
  split_words(Decoder().decoded(opening), take);
}

}  // namespace icm
