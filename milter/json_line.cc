// SPDX-License-Identifier: Apache-2.0
#include "milter/json_line.h"

#include <algorithm>
#include <iterator>

#include <fmt/compile.h>
#include <fmt/format.h>

namespace icm {
namespace {

constexpr char32_t replacement = 0xfffd;

// RFC 8259 §7 lets these stand for themselves; DEL does too, but moves a terminal's cursor.
bool is_plain(char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; }

struct Character {
  char32_t code = replacement;
  std::size_t octets = 1;  // an octet that begins nothing legal is replaced alone
};

// The first character of `text`, RFC 3629 §4: no overlong forms, no surrogates.
Character decode(std::string_view text) {
  const auto octet = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned first = octet(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return {};
  char32_t code = first & (0x7fu >> length);
  for (std::size_t at = 1; at < length; ++at) {
    if ((octet(at) & 0xc0u) != 0x80u) return {};
    code = code << 6 | (octet(at) & 0x3fu);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < smallest[length] || code > 0x10ffff || is_surrogate) return {};
  return {code, length};
}

// The beginning of `text`, at most `longest` octets and not ending within a UTF-8 sequence.
std::string_view whole_characters(std::string_view text, std::size_t longest) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u; };
  std::size_t end = longest;
  for (int back = 0; back < 3 && end > 0 && continues(text[end]); ++back) --end;
  return text.substr(0, end);
}

void append_escape(std::string& line, char32_t code) {
  const auto unit = [&](char32_t value) {
    fmt::format_to(std::back_inserter(line), FMT_COMPILE("\\u{:04x}"),
                   static_cast<unsigned>(value));
  };
  if (code == '"' || code == '\\') {
    line += '\\';
    line += static_cast<char>(code);
  } else if (code > 0xffff) {  // RFC 8259 §7: a UTF-16 surrogate pair
    unit(0xd800 + ((code - 0x10000) >> 10));
    unit(0xdc00 + ((code - 0x10000) & 0x3ff));
  } else {
    unit(code);
  }
}

}  // namespace

void JsonLine::text(std::string_view name, std::string_view value) {
  key(name);
  quoted(value, longest_text);
}

void JsonLine::number(std::string_view name, std::uint64_t value) {
  key(name);
  line_ += fmt::format_int(value).c_str();
}

void JsonLine::milliseconds(std::string_view name, std::chrono::microseconds value) {
  key(name);
  const auto count = std::max<std::int64_t>(value.count(), 0);
  fmt::format_to(std::back_inserter(line_), FMT_COMPILE("{}.{:03}"), count / 1000, count % 1000);
}

void JsonLine::texts(std::string_view name, const std::vector<std::string>& values) {
  strings(name, [&](auto add) {
    for (const std::string& value : values) add(value);
  });
}

void JsonLine::begin_array(std::string_view name) {
  key(name);
  line_ += '[';
}

void JsonLine::end_array() { line_ += ']'; }

void JsonLine::begin_object() {
  separate();
  line_ += '{';
}

void JsonLine::end_object() { line_ += '}'; }

void JsonLine::separate() {
  if (!line_.empty() && line_.back() != '{' && line_.back() != '[') line_ += ',';
}

void JsonLine::key(std::string_view name) {
  separate();
  line_ += '"';
  line_ += name;
  line_ += "\":";
}

void JsonLine::element(std::string_view value) {
  separate();
  quoted(value, longest_element);
}

void JsonLine::quoted(std::string_view value, std::size_t longest) {
  const bool is_cut = value.size() > longest;
  if (is_cut) value = whole_characters(value, longest);
  line_ += '"';
  while (!value.empty()) {
    std::size_t plain = 0;
    while (plain < value.size() && is_plain(value[plain])) ++plain;
    line_ += value.substr(0, plain);
    value.remove_prefix(plain);
    if (value.empty()) break;
    const Character character = decode(value);
    append_escape(line_, character.code);
    value.remove_prefix(character.octets);
  }
  if (is_cut) line_ += "...";
  line_ += '"';
}

}  // namespace icm
