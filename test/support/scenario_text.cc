// SPDX-License-Identifier: Apache-2.0
#include "test/support/scenario_text.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t longest_expansion = 64u << 20;  // no scenario needs a larger message

// RFC 5322 §3.3, always in UTC.
std::string to_rfc5322(WallTime time) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(seconds));
}

Result<WallTime> shifted(WallTime now, std::string_view shift) {
  if (shift.empty()) return now;
  if (shift[0] != '+' && shift[0] != '-') {
    return fail(Code::syntax, fmt::format("expected + or - and a span, got \"{}\"", shift));
  }
  ICM_TRY(const std::chrono::seconds span, parse_span(shift.substr(1)));
  return shift[0] == '+' ? now + span : now - span;
}

Result<std::string> repeated(std::string_view count, std::string_view text) {
  const auto times = parse_number(count);
  if (!times || text.empty() || *times > longest_expansion / text.size()) {
    return fail(Code::syntax, fmt::format("${{COUNT*TEXT}}: expected a count and a text of at most "
                                          "{} octets in all, got \"{}*{}\"",
                                          longest_expansion, count, text));
  }
  std::string all;
  all.reserve(*times * text.size());
  for (std::uint64_t i = 0; i < *times; ++i) all += text;
  return all;
}

Result<std::string> placeholder(std::string_view word, WallTime now) {
  if (const std::size_t star = word.find('*'); star != word.npos) {
    return repeated(word.substr(0, star), word.substr(star + 1));
  }
  if (word.starts_with("date")) {
    ICM_TRY(const WallTime time, shifted(now, word.substr(4)));
    return to_rfc5322(time);
  }
  if (word.starts_with("time")) {
    ICM_TRY(const WallTime time, shifted(now, word.substr(4)));
    return to_rfc3339(time);
  }
  if (word.starts_with("day")) {
    ICM_TRY(const WallTime time, shifted(now, word.substr(3)));
    return to_rfc3339(time).substr(0, 10);
  }
  return fail(
      Code::syntax,
      fmt::format("expected ${{date}}, ${{time}}, ${{day}} or ${{COUNT*TEXT}}, got \"${{{}}}\"",
                  word));
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = lower_ascii(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Takes the escape after a backslash off the front of `rest`.
Result<char> take_escape(std::string_view& rest) {
  constexpr std::string_view names = "rnt0\\";
  constexpr std::string_view octets{"\r\n\t\0\\", 5};
  if (!rest.empty()) {
    if (const std::size_t known = names.find(rest[0]); known != names.npos) {
      rest.remove_prefix(1);
      return octets[known];
    }
    if (rest[0] == 'x' && rest.size() >= 3 && hex_digit(rest[1]) >= 0 && hex_digit(rest[2]) >= 0) {
      const int octet = hex_digit(rest[1]) * 16 + hex_digit(rest[2]);
      rest.remove_prefix(3);
      return static_cast<char>(octet);
    }
  }
  return fail(Code::syntax,
              fmt::format(R"(expected \r, \n, \t, \0, \\ or \xNN, got "\{}")", rest.substr(0, 3)));
}

}  // namespace

Result<std::string> expand_placeholders(std::string_view text, WallTime now) {
  std::string out;
  for (;;) {
    const std::size_t begin = text.find("${");
    out += text.substr(0, begin);
    if (begin == text.npos) return out;
    const std::size_t end = text.find('}', begin);
    if (end == text.npos) return fail(Code::syntax, "expected } after ${");
    ICM_TRY(const std::string replacement,
            placeholder(text.substr(begin + 2, end - begin - 2), now));
    out += replacement;
    text.remove_prefix(end + 1);
  }
}

Result<std::string> unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const std::size_t backslash = text.find('\\');
    out += text.substr(0, backslash);
    if (backslash == text.npos) return out;
    text.remove_prefix(backslash + 1);
    ICM_TRY(const char octet, take_escape(text));
    out += octet;
  }
}

Result<std::string> read_text_file(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(Code::syntax, fmt::format("{}: cannot be read", file));
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
    out += text[i];
  }
  return out;
}

Result<std::pair<std::string, std::string>> parse_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  const bool is_name =
      !name.empty() && std::ranges::none_of(name, [](char c) { return c <= ' ' || c > '~'; });
  if (colon == line.npos || !is_name) {
    return fail(Code::syntax,
                fmt::format("expected \"Name: value\", got \"{}\"", for_log(line, 60)));
  }
  if (line.find('\0') != line.npos) {
    return fail(Code::syntax,
                "a header field cannot hold NUL: the milter protocol ends strings with it");
  }
  return std::pair(std::string(name), std::string(line.substr(colon + 1)));
}

Result<MessageText> split_message(std::string_view message) {
  MessageText text;
  for (int number = 1; !message.empty(); ++number) {
    const std::size_t end = message.find("\r\n");
    const std::string_view line = message.substr(0, end);
    message.remove_prefix(end == message.npos ? message.size() : end + 2);
    if (line.empty()) {
      text.body = message;
      return text;
    }
    if (is_wsp(line[0]) && !text.fields.empty() && line.find('\0') == line.npos) {
      text.fields.back().second += "\n" + std::string(line);
      continue;
    }
    auto field = parse_field(line);
    if (!field) return fail_at(fmt::format("line {} of the message", number), field.error());
    text.fields.push_back(*std::move(field));
  }
  return text;
}

std::string_view take_word(std::string_view& rest) {
  rest = trim(rest);
  const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest = trim(rest.substr(end));
  return word;
}

Status read_options(std::string_view expected, std::string_view rest, WallTime now,
                    const OptionPlaces& places) {
  while (!rest.empty()) {
    const std::string_view before = rest;
    const std::string_view word = take_word(rest);
    const std::string_view name = word.substr(0, word.find('='));
    std::string_view value = word.size() > name.size() ? word.substr(name.size() + 1) : "";
    if (name == "note" && word.size() > name.size()) {
      value = before.substr(name.size() + 1);
      rest = {};
    }
    const auto place = std::ranges::find(places, name, &OptionPlaces::value_type::first);
    if (place == places.end() || value.empty()) {
      return fail(Code::syntax, fmt::format("{}, got \"{}\"", expected, for_log(word, 40)));
    }
    ICM_TRY(const std::string expanded, expand_placeholders(value, now));
    ICM_TRY(*place->second, unescape(expanded));
  }
  return {};
}

}  // namespace icm
