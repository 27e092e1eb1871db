// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/config_text.h"

#include <algorithm>

#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";

std::size_t behind_line(std::string_view text, std::size_t at) {
  const auto end = text.find('\n', at);
  return end == std::string_view::npos ? text.size() : end + 1;
}

// Comments and empty lines belong to no logical line, wherever they stand.
bool is_empty_line(std::string_view line) {
  const auto first = line.find_first_not_of(blanks);
  return first == std::string_view::npos || line[first] == '#';
}

// Words as Postfix cuts them: what stands in braces is one.
std::vector<Span> words_of(std::string_view text, const Span& line) {
  std::vector<Span> words;
  std::size_t at = line.begin;
  while (at < line.end) {
    // Comments and empty lines within are none of it.
    if ((at == line.begin || text[at - 1] == '\n') &&
        is_empty_line(text.substr(at, behind_line(text, at) - at))) {
      at = behind_line(text, at);
      continue;
    }
    if (blanks.find(text[at]) != std::string_view::npos) {
      ++at;
      continue;
    }
    std::size_t end = at;
    int depth = 0;
    while (end < line.end && (depth > 0 || blanks.find(text[end]) == std::string_view::npos)) {
      if (text[end] == '{') ++depth;
      if (text[end] == '}' && depth > 0) --depth;
      ++end;
    }
    words.push_back({.begin = at, .end = end});
    at = end;
  }
  return words;
}

Span trimmed(std::string_view text, Span span) {
  while (span.begin < span.end && blanks.find(text[span.begin]) != std::string_view::npos) {
    ++span.begin;
  }
  while (span.end > span.begin && blanks.find(text[span.end - 1]) != std::string_view::npos) {
    --span.end;
  }
  return span;
}

std::optional<Override> parse_override(std::string_view text, Span word) {
  const bool is_braced = text[word.begin] == '{';
  if (is_braced) {
    ++word.begin;
    if (word.end > word.begin && text[word.end - 1] == '}') --word.end;
  }
  const auto equals = word.of(text).find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const Span name = trimmed(text, {.begin = word.begin, .end = word.begin + equals});
  const Span value = trimmed(text, {.begin = word.begin + equals + 1, .end = word.end});
  return Override{.name = std::string(name.of(text)), .value = value, .is_braced = is_braced};
}

}  // namespace

std::vector<Span> logical_lines(std::string_view text) {
  std::vector<Span> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = behind_line(text, at);
    if (!is_empty_line(text.substr(at, next - at))) {
      // Any blank does, a carriage return as well (readlline(3) of Postfix).
      if (blanks.find(text[at]) != std::string_view::npos && !lines.empty()) {
        lines.back().end = next;
      } else {
        lines.push_back({.begin = at, .end = next});
      }
    }
    at = next;
  }
  return lines;
}

std::string_view parameter_name(std::string_view line) {
  return trim(line.substr(0, line.find('=')));
}

std::optional<Span> find_value(std::string_view main_cf, std::string_view name) {
  std::optional<Span> found;
  for (const Span& line : logical_lines(main_cf)) {
    const auto equals = line.of(main_cf).find('=');
    if (equals == std::string_view::npos || parameter_name(line.of(main_cf)) != name) continue;
    Span value{.begin = line.begin + equals + 1, .end = line.end};
    while (value.end > value.begin &&
           blanks.find(main_cf[value.end - 1]) != std::string_view::npos) {
      --value.end;
    }
    found = value;
  }
  return found;
}

std::optional<Span> find_service(std::string_view master_cf, std::string_view name,
                                 std::string_view type) {
  for (const Span& line : logical_lines(master_cf)) {
    const auto words = words_of(master_cf, line);
    if (words.size() > 1 && words[0].of(master_cf) == name && words[1].of(master_cf) == type) {
      return line;
    }
  }
  return std::nullopt;
}

std::vector<Override> overrides_in(std::string_view text, const Span& line) {
  constexpr std::size_t command = 7;  // the eighth field
  const auto words = words_of(text, line);
  std::vector<Override> found;
  for (std::size_t i = command + 1; i < words.size(); ++i) {
    const std::string_view word = words[i].of(text);
    if (!word.starts_with('-')) break;
    if (word.starts_with("-o") && word.size() > 2 && word[2] != '{') {
      const Span joined{.begin = words[i].begin + 2, .end = words[i].end};
      if (auto one = parse_override(text, joined)) found.push_back(std::move(*one));
      continue;
    }
    if (word != "-o" || i + 1 == words.size()) continue;
    if (auto one = parse_override(text, words[i + 1])) found.push_back(std::move(*one));
    ++i;
  }
  return found;
}

}  // namespace icm::ctl::postfix
