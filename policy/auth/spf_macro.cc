// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/spf_macro.h"

#include <algorithm>
#include <vector>

namespace icm {
namespace {

// RFC 7208 §7.3: "i" of an IPv6 address is its nibbles, dotted.
std::string dotted(const IpAddress& address) {
  if (address.is_v4()) return address.text();
  std::string text;
  for (const std::uint8_t octet : address.octets()) {
    text += fmt::format("{:x}.{:x}.", octet >> 4, octet & 0xf);
  }
  text.pop_back();
  return text;
}

std::string value_of(char letter, const SpfMacroValues& values) {
  switch (letter) {
    case 's':
      return values.sender_local + "@" + values.sender_domain;
    case 'l':
      return values.sender_local;
    case 'o':
      return values.sender_domain;
    case 'd':
      return values.domain;
    case 'i':
      return dotted(values.client);
    case 'p':
      return values.validated_name();
    case 'v':
      return values.client.is_v4() ? "in-addr" : "ip6";
    case 'h':
      return values.helo;
    case 'c':
      return values.client.text();
    case 'r':
      return values.receiver;
    case 't':
      return std::to_string(
          std::chrono::floor<std::chrono::seconds>(values.now).time_since_epoch().count());
    default:
      return {};  // the parser lets no other letter through
  }
}

std::string transformed(const SpfMacro& macro, const std::string& value) {
  if (macro.keep == 0 && !macro.reverse && macro.delimiters == ".") return value;
  std::vector<std::string> parts(1);
  for (const char c : value) {
    if (macro.delimiters.find(c) != std::string::npos) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (macro.reverse) std::ranges::reverse(parts);
  const auto keep = static_cast<std::size_t>(macro.keep);
  const std::size_t first = keep == 0 || keep >= parts.size() ? 0 : parts.size() - keep;
  std::string joined = parts[first];
  for (std::size_t i = first + 1; i < parts.size(); ++i) joined += "." + parts[i];
  return joined;
}

// §7.3: everything outside the unreserved set of RFC 3986 §2.3.
std::string url_escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    escaped +=
        unreserved ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return escaped;
}

std::string expanded(const std::variant<std::string, SpfMacro>& part,
                     const SpfMacroValues& values) {
  if (const auto* const literal = std::get_if<std::string>(&part)) return *literal;
  const SpfMacro& macro = std::get<SpfMacro>(part);
  std::string value = transformed(macro, value_of(macro.letter, values));
  return macro.url_escape ? url_escaped(value) : value;
}

}  // namespace

std::string expand_spf_macros(const SpfMacroString& text, const SpfMacroValues& values) {
  constexpr std::size_t longest =
      4096;  // no reply has room for more; a record may ask for megabytes
  std::string whole;
  for (const auto& part : text) {
    whole += expanded(part, values);
    if (whole.size() < longest) continue;
    whole.resize(longest);
    break;
  }
  return whole;
}

// From the right, and no further than can be seen: what lies to the left of that is cut off anyway.
std::string expand_spf_domain(const SpfMacroString& text, const SpfMacroValues& values) {
  constexpr std::size_t max_domain = 253;
  std::string domain;
  for (auto part = text.rbegin(); part != text.rend(); ++part) {
    domain.insert(0, expanded(*part, values));
    if (domain.size() > max_domain + 1) break;
  }
  if (domain.ends_with('.')) domain.pop_back();
  if (domain.size() <= max_domain) return domain;
  // §7.3: labels are taken off on the left until it fits; a last label alone stays as it is.
  std::size_t dot = domain.find('.', domain.size() - max_domain - 1);
  if (dot == std::string::npos) dot = domain.rfind('.');
  return dot == std::string::npos ? domain : domain.substr(dot + 1);
}

}  // namespace icm
