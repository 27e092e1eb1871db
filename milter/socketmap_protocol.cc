// SPDX-License-Identifier: Apache-2.0
#include "milter/socketmap_protocol.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t most_digits = 4;  // of longest_socketmap_text

std::string_view word_of(SocketmapAnswer::Kind kind) {
  switch (kind) {
    case SocketmapAnswer::Kind::found:
      return "OK";
    case SocketmapAnswer::Kind::not_found:
      return "NOTFOUND";
    case SocketmapAnswer::Kind::temporary:
      return "TEMP";
    case SocketmapAnswer::Kind::permanent:
      return "PERM";
  }
  return "TEMP";
}

tl::unexpected<Error> refuse(std::string text) { return fail(Code::syntax, std::move(text)); }

}  // namespace

Result<std::optional<SocketmapQuestion>> take_question(std::string& octets) {
  const std::size_t colon = octets.find_first_not_of("0123456789");
  const std::size_t digits = std::min(colon, octets.size());
  // cr.yp.to/proto/netstrings.txt: no needless zeros in front.
  if (digits > most_digits || (digits > 1 && octets.front() == '0')) {
    return refuse(
        fmt::format("expected the length of a netstring, at most {}", longest_socketmap_text));
  }
  if (colon == std::string::npos) return std::nullopt;
  if (digits == 0 || octets[colon] != ':') {
    return refuse("expected a netstring, LENGTH:OCTETS,");
  }
  const std::size_t length = parse_number(octets.substr(0, colon)).value_or(0);
  if (length > longest_socketmap_text) {
    return refuse(fmt::format("the question has {} octets, expected at most {}", length,
                              longest_socketmap_text));
  }
  const std::size_t begin = colon + 1;
  if (octets.size() <= begin + length) return std::nullopt;
  if (octets[begin + length] != ',') return refuse("expected a comma at the end of the netstring");
  const std::string text = octets.substr(begin, length);
  const std::size_t blank = text.find(' ');
  if (blank == std::string::npos || blank == 0) {
    return refuse("expected the name of a map, a blank and a key");
  }
  octets.erase(0, begin + length + 1);
  return SocketmapQuestion{.map = text.substr(0, blank), .key = text.substr(blank + 1)};
}

std::string to_netstring(const SocketmapAnswer& answer) {
  std::string text = fmt::format("{} {}", word_of(answer.kind), answer.text);
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  if (text.size() > longest_socketmap_text) text.resize(longest_socketmap_text);
  return fmt::format("{}:{},", text.size(), text);
}

}  // namespace icm
