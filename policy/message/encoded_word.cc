// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing encoded words.
#include "policy/message/encoded_word.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t longest_word = 75;   // RFC 2047 §2
constexpr std::size_t longest_read = 998;  // a line's worth

// The three parts between "=?" and "?=", and the length of the whole.
struct EncodedWord {
  std::string_view charset;
  std::string_view encoding;
  std::string_view text;
  std::size_t size = 0;
};

// Reads the encoded words of one field, from its beginning to its end.
class WordReader {
 public:
  explicit WordReader(std::string_view field) : field_(field) {}

  // The encoded word at `place`, as far as its question marks go; what is between them may be
  // wrong. It ends before the next blank, and is not looked for behind `longest_read` octets.
  // Places only grow from call to call.
  std::optional<EncodedWord> read(std::size_t place) {
    const std::string_view text = field_.substr(place, longest_read);
    if (!text.starts_with("=?")) return std::nullopt;
    const std::size_t first = text.find('?', 2);
    if (first == std::string_view::npos) return std::nullopt;
    const std::size_t second = text.find('?', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    const std::size_t end = end_from(place + second + 1) - place;
    if (end + 2 > text.size()) return std::nullopt;
    const bool has_blank = text.substr(0, end).find_first_of(" \t\r\n") != std::string_view::npos;
    if (has_blank) return std::nullopt;
    return EncodedWord{.charset = text.substr(2, first - 2),
                       .encoding = text.substr(first + 1, second - first - 1),
                       .text = text.substr(second + 1, end - second - 1),
                       .size = end + 2};
  }

 private:
  // The first "?=" from `place` on, or the field's end. Looked for once, however many words begin
  // before it.
  std::size_t end_from(std::size_t place) {
    if (next_end_ < place) next_end_ = std::min(field_.find("?=", place), field_.size());
    return next_end_;
  }

  std::string_view field_;
  std::size_t next_end_ = 0;
};

// RFC 2047 §2 token: no controls, blanks or especials.
bool is_token(std::string_view text) {
  constexpr std::string_view especials = "()<>@,;:\"/[]?.=";
  for (const char c : text) {
    if (c <= ' ' || c > '~' || especials.find(c) != std::string_view::npos) return false;
  }
  return !text.empty();
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = lower_ascii(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> decode_q(std::string_view text) {
  std::string octets;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      octets += ' ';
    } else if (text[i] != '=') {
      octets += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
      if (low < 0) return std::nullopt;
      octets += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return octets;
}

// RFC 4648 §4; padding may be missing.
std::optional<std::string> decode_b(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string octets;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      octets += static_cast<char>(bits >> count & 0xff);
    }
  }
  return octets;
}

std::optional<std::string> decode(const EncodedWord& word) {
  if (!is_token(word.charset)) return std::nullopt;
  if (equal_ascii(word.encoding, "q")) return decode_q(word.text);
  if (equal_ascii(word.encoding, "b")) return decode_b(word.text);
  return std::nullopt;
}

std::optional<std::string> fault_of(const EncodedWord& word, std::string_view whole) {
  const std::string quoted = fmt::format("encoded word \"{}\"", for_log(whole, 40));
  if (!is_token(word.charset)) return quoted + " has no legal character set";
  if (!equal_ascii(word.encoding, "q") && !equal_ascii(word.encoding, "b")) {
    return quoted + " has an encoding other than Q or B";
  }
  if (word.size > longest_word) return quoted + " is longer than 75 characters";
  if (!decode(word)) return quoted + " is not what its encoding demands";
  return std::nullopt;
}

// Whether "=?", which text may well contain, was meant to begin an encoded word.
bool looks_meant(std::string_view text) {
  text = text.substr(0, longest_read);
  const std::size_t first = text.find('?', 2);
  return first != std::string_view::npos && is_token(text.substr(2, first - 2)) &&
         first + 2 < text.size() && text[first + 2] == '?' &&
         std::string_view("qQbB").find(text[first + 1]) != std::string_view::npos;
}

}  // namespace

std::string decode_encoded_words(std::string_view text) {
  std::string decoded;
  std::size_t blanks_after_word = std::string::npos;  // where in `decoded` they begin
  WordReader reader(text);
  for (std::size_t i = 0; i < text.size();) {
    const auto word = reader.read(i);
    const auto octets = word ? decode(*word) : std::nullopt;
    if (octets) {
      if (blanks_after_word != std::string::npos) decoded.resize(blanks_after_word);
      decoded += *octets;
      blanks_after_word = decoded.size();
      i += word->size;
      continue;
    }
    if (!is_wsp(text[i]) && text[i] != '\r' && text[i] != '\n') {
      blanks_after_word = std::string::npos;
    }
    decoded += text[i++];
  }
  return decoded;
}

std::optional<std::string> encoded_word_fault(std::string_view text, FieldKind kind) {
  bool in_quotes = false;
  WordReader reader(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kind == FieldKind::addresses && text[i] == '\\') {
      ++i;
    } else if (kind == FieldKind::addresses && text[i] == '"') {
      in_quotes = !in_quotes;
    } else if (text[i] == '=' && text.substr(i).starts_with("=?")) {
      const std::string_view rest = text.substr(i);
      const auto word = reader.read(i);
      if (!word) {
        if (!looks_meant(rest)) continue;
        return fmt::format("encoded word \"{}\" has a blank inside or no end", for_log(rest, 40));
      }
      const std::string_view whole = rest.substr(0, word->size);
      if (auto fault = fault_of(*word, whole)) return fault;
      if (in_quotes) {
        // RFC 2047 §5: "An 'encoded-word' MUST NOT appear within a 'quoted-string'."
        return fmt::format("encoded word \"{}\" stands inside quotes", for_log(whole, 40));
      }
      i += word->size - 1;
    }
  }
  return std::nullopt;
}

std::optional<std::string> encode_word(std::string_view utf8) {
  if (!is_utf8(utf8)) return std::nullopt;
  std::string word = "=?UTF-8?Q?";
  for (const char c : utf8) {
    if (is_alpha(c) || is_digit(c)) {
      word += c;
    } else if (c == ' ') {
      word += '_';
    } else {
      word += fmt::format("={:02X}", static_cast<unsigned char>(c));
    }
    if (word.size() + 2 > longest_word) return std::nullopt;
  }
  return word + "?=";
}

}  // namespace icm
