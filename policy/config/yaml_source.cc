// SPDX-License-Identifier: Apache-2.0
#include "policy/config/yaml_source.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t most_problems = 20;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// RFC 3629 §4: the octets of the character that begins `text`, and its number; 0 octets when there
// is none (overlong forms, surrogates and numbers above U+10FFFF included).
struct Character {
  std::size_t octets = 0;
  std::uint32_t number = 0;
};

Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {1, lead};
  struct Form {
    unsigned mask, bits;
    std::size_t octets;
    std::uint32_t smallest;
  };
  for (const auto& [mask, bits, octets, smallest] :
       {Form{0xE0, 0xC0, 2, 0x80}, Form{0xF0, 0xE0, 3, 0x800}, Form{0xF8, 0xF0, 4, 0x10000}}) {
    if ((lead & mask) != bits) continue;
    if (text.size() < octets) return {};
    std::uint32_t number = lead & ~mask & 0xFF;
    for (std::size_t i = 1; i < octets; ++i) {
      if (!is_continuation(text[i])) return {};
      number = number << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
    }
    const bool is_surrogate = number >= 0xD800 && number <= 0xDFFF;
    if (number < smallest || number > 0x10FFFF || is_surrogate) return {};
    return {octets, number};
  }
  return {};
}

bool is_control(std::uint32_t number) {
  return number < 0x20 ? number != '\t' : number >= 0x7F && number <= 0x9F;
}

// At the first octet of a line that is no text, if there is one.
std::optional<YamlProblem> octet_problem(std::string_view line, int line_number) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  int column = 1;
  for (std::size_t i = 0; i < line.size(); ++column) {
    const Character character = first_character(line.substr(i));
    if (character.octets == 0) {
      return YamlProblem{{line_number, column},
                         fmt::format("the octet 0x{:02x} is not UTF-8; save the file as UTF-8",
                                     static_cast<unsigned char>(line[i]))};
    }
    if (is_control(character.number)) {
      return YamlProblem{{line_number, column},
                         fmt::format("control character U+{:04X}; take it out", character.number)};
    }
    i += character.octets;
  }
  return std::nullopt;
}

std::optional<YamlProblem> tab_problem(std::string_view line, int line_number) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  const std::size_t tab = line.find('\t');
  if (begin == std::string_view::npos || line[begin] == '#' || tab > begin) return std::nullopt;
  return YamlProblem{{line_number, static_cast<int>(tab) + 1},
                     "a tab indents this line; YAML takes blanks only"};
}

// yaml-cpp passes over the directives it does not know, and with them over an option.
std::optional<YamlProblem> directive_problem(std::string_view line, int line_number) {
  if (!line.starts_with('%')) return std::nullopt;
  return YamlProblem{{line_number, 1}, "directives (%) are not taken"};
}

// The octets of a quoted text up to its closing quote, both counted; npos when it is not closed.
std::size_t quoted_length(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      const bool is_doubled = quote == '\'' && i + 1 < text.size() && text[i + 1] == quote;
      if (!is_doubled) return i + 1;
      ++i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

YamlSource::YamlSource(std::string_view text) : text_(text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text_.starts_with(byte_order_mark)) text_.remove_prefix(byte_order_mark.size());
  lines_ = split(text_, '\n');
}

std::vector<YamlProblem> YamlSource::problems() const {
  if (text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF")) {
    return {{{1, 1}, "the file is UTF-16; save it as UTF-8"}};
  }
  std::vector<YamlProblem> problems;
  for (std::size_t i = 0; i < lines_.size() && problems.size() < most_problems; ++i) {
    const int line_number = static_cast<int>(i) + 1;
    for (const auto& find : {tab_problem, directive_problem, octet_problem}) {
      if (auto problem = find(lines_[i], line_number)) problems.push_back(std::move(*problem));
    }
  }
  return problems;
}

YamlPlace YamlSource::for_people(SourcePlace place) {
  place.line = std::min(place.line, lines_.size() - 1);
  const std::string_view line = lines_[place.line];
  place.column = std::min(place.column, line.size());
  if (place.line != counted_.line || place.column < counted_.column) {
    counted_ = {place.line, 0};
    characters_ = 0;
  }
  for (; counted_.column < place.column; ++counted_.column) {
    if (!is_continuation(line[counted_.column])) ++characters_;
  }
  return {static_cast<int>(place.line) + 1, static_cast<int>(characters_) + 1};
}

std::string_view YamlSource::rest_of_line(SourcePlace place) const {
  if (place.line >= lines_.size() || place.column >= lines_[place.line].size()) return {};
  return lines_[place.line].substr(place.column);
}

std::optional<YamlSource::NotOneLine> YamlSource::why_not_one_line(SourcePlace place,
                                                                   std::string_view value) const {
  const std::string_view source = rest_of_line(place);
  if (source.empty()) return NotOneLine{"expected a value here"};
  switch (source.front()) {
    case '"':
    case '\'':
      if (quoted_length(source) != std::string_view::npos) return std::nullopt;
      return NotOneLine{"the quote that begins here is not closed on its line"};
    case '|':
    case '>':
      return NotOneLine{
          "texts over several lines (| and >) are not taken; write the value on this line"};
    case '!':
      return NotOneLine{"tags (!) are not taken; write the value alone"};
    default:
      if (source.starts_with(value)) return std::nullopt;
      return NotOneLine{
          "this value goes on in the next line; is that line indented too far, or "
          "without a colon?",
          true};
  }
}

}  // namespace icm
