// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/spf_record.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <utility>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::string_view delimiter_characters = ".-+,/_=";  // RFC 7208 §7.1

tl::unexpected<Error> wrong(std::string_view term, std::string_view problem) {
  return fail(Code::syntax, fmt::format("\"{}\": {}", for_log(term, 80), problem));
}

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", for_log(text, 80)); }

// The inside of "%{...}".
Result<SpfMacro> parse_macro(std::string_view body, SpfMacroUse use) {
  SpfMacro macro;
  if (body.empty()) return fail(Code::syntax, "%{} names no macro");
  macro.letter = lower_ascii(body.front());
  macro.url_escape = body.front() != macro.letter;
  const std::string_view letters = use == SpfMacroUse::explanation ? "slodiphvcrt" : "slodiphv";
  if (letters.find(macro.letter) == std::string_view::npos) {
    return fail(Code::syntax, fmt::format("%{{{}}} is no macro here", for_log(body, 20)));
  }
  std::size_t at = 1;
  while (at < body.size() && is_digit(body[at])) ++at;
  if (at > 1) {
    // §7.1: the DIGIT transformer must not be zero; more than 128 parts cannot exist.
    const auto keep = parse_number(body.substr(1, at - 1));
    if (keep == 0u)
      return fail(Code::syntax,
                  fmt::format("%{{{}}}: the number must not be 0", for_log(body, 20)));
    macro.keep = keep && *keep < 128 ? static_cast<int>(*keep) : 128;
  }
  if (at < body.size() && lower_ascii(body[at]) == 'r') {
    macro.reverse = true;
    ++at;
  }
  const std::string_view delimiters = body.substr(at);
  if (delimiters.find_first_not_of(delimiter_characters) != std::string_view::npos) {
    return fail(Code::syntax, fmt::format("%{{{}}}: expected delimiters out of \"{}\"",
                                          for_log(body, 20), delimiter_characters));
  }
  if (!delimiters.empty()) macro.delimiters = std::string(delimiters);
  return macro;
}

void append_literal(SpfMacroString& parts, std::string_view text) {
  if (parts.empty() || !std::holds_alternative<std::string>(parts.back()))
    parts.emplace_back(std::string());
  std::get<std::string>(parts.back()) += text;
}

// RFC 7208 §7.1 toplabel.
bool is_top_label(std::string_view label) {
  const auto alphanumeric = [](char c) { return is_alpha(c) || is_digit(c); };
  if (label.empty() || !alphanumeric(label.front()) || !alphanumeric(label.back())) return false;
  if (!std::ranges::all_of(label, [&](char c) { return alphanumeric(c) || c == '-'; }))
    return false;
  return std::ranges::any_of(label, [](char c) { return is_alpha(c) || c == '-'; });
}

// Whether the last token of a well-formed macro-string is a macro-expand; "%%_" ends in a literal.
bool ends_in_macro_expand(std::string_view text) {
  bool macro = false;
  for (std::size_t at = 0; at < text.size();) {
    macro = text[at] == '%';
    at = !macro ? at + 1 : text[at + 1] == '{' ? text.find('}', at) + 1 : at + 2;
  }
  return macro;
}

// RFC 7208 §7.1 domain-spec = macro-string domain-end.
Result<SpfMacroString> parse_domain_spec(std::string_view text) {
  if (text.empty()) return fail(Code::syntax, "expected a domain");
  ICM_TRY(SpfMacroString parts, parse_spf_macro_string(text, SpfMacroUse::domain));
  if (ends_in_macro_expand(text)) return parts;
  std::string_view tail = text;
  if (tail.ends_with('.')) tail.remove_suffix(1);
  const auto dot = tail.rfind('.');
  if (dot == std::string_view::npos || !is_top_label(tail.substr(dot + 1))) {
    return fail(Code::syntax, "expected a domain that ends in a top-level label");
  }
  return parts;
}

// A prefix length: no leading zero, at most `limit` (RFC 7208 §5.6).
std::optional<int> prefix_length(std::string_view digits, int limit) {
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  const auto number = parse_number(digits);
  if (!number || *number > static_cast<std::uint64_t>(limit)) return std::nullopt;
  return static_cast<int>(*number);
}

// Takes "/digits" off the end of `text`; nullopt when there is none.
std::optional<std::string_view> take_slash_number(std::string_view& text) {
  const auto slash = text.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(slash + 1);
  if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
  text = text.substr(0, slash);
  return digits;
}

// RFC 7208 §5.6 dual-cidr-length, taken off the end of `rest`.
Status take_dual_prefix(std::string_view& rest, SpfMechanism& mechanism) {
  auto number = take_slash_number(rest);
  if (!number) return {};
  if (rest.ends_with('/')) {
    rest.remove_suffix(1);
    const auto v6 = prefix_length(*number, 128);
    if (!v6) return fail(Code::syntax, "expected an IPv6 prefix length from 0 to 128");
    mechanism.prefix_v6 = *v6;
    number = take_slash_number(rest);
    if (!number) return {};
  }
  const auto v4 = prefix_length(*number, 32);
  if (!v4) return fail(Code::syntax, "expected an IPv4 prefix length from 0 to 32");
  mechanism.prefix_v4 = *v4;
  return {};
}

// `rest` is what follows the mechanism's name, its colon included.
Status parse_network(std::string_view rest, SpfMechanism& mechanism) {
  const bool v4 = mechanism.kind == SpfMechanism::Kind::ip4;
  const int limit = v4 ? 32 : 128;
  if (!rest.starts_with(':')) return fail(Code::syntax, "expected \":\" and a network");
  rest.remove_prefix(1);
  int prefix = limit;
  const auto slash = rest.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view digits = rest.substr(slash + 1);
    const bool plain = !digits.empty() && std::ranges::all_of(digits, is_digit);
    const auto given = plain ? prefix_length(digits, limit) : std::nullopt;
    if (!given)
      return fail(Code::syntax, fmt::format("expected a prefix length from 0 to {}", limit));
    prefix = *given;
    rest = rest.substr(0, slash);
  }
  const std::string address(rest);
  std::array<std::uint8_t, 16> octets{};
  // Read directly: an IPv4-mapped network in ip6 stays IPv6 and matches no IPv4 client (§5).
  if (address.find('\0') != std::string::npos ||
      inet_pton(v4 ? AF_INET : AF_INET6, address.c_str(), octets.data()) != 1) {
    return fail(Code::syntax, fmt::format("expected an {} network", v4 ? "IPv4" : "IPv6"));
  }
  if (v4) {
    mechanism.network =
        IpRange::of(IpAddress::v4({octets[0], octets[1], octets[2], octets[3]}), prefix);
    return {};
  }
  for (int bit = prefix; bit < 128; ++bit)
    octets[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80 >> (bit % 8)));
  // §5: an IPv4-mapped client is an IPv4 client, so an ip6 network of mapped addresses only
  // (::ffff:0:0/96 or narrower) matches nobody.
  const IpAddress base = IpAddress::v6(octets);
  if (!base.is_v4()) mechanism.network = IpRange::of(base, prefix);
  return {};
}

Status parse_domain_argument(std::string_view rest, SpfMechanism& mechanism) {
  using Kind = SpfMechanism::Kind;
  const bool dual = mechanism.kind == Kind::a || mechanism.kind == Kind::mx;
  if (dual) ICM_CHECK(take_dual_prefix(rest, mechanism));
  if (rest.empty()) {
    if (dual || mechanism.kind == Kind::ptr) return {};
    return fail(Code::syntax, "expected \":\" and a domain");
  }
  if (!rest.starts_with(':')) return fail(Code::syntax, "unknown mechanism");
  auto domain = parse_domain_spec(rest.substr(1));
  if (!domain) return tl::make_unexpected(domain.error());
  mechanism.domain = *std::move(domain);
  return {};
}

std::optional<SpfQualifier> qualifier_of(char c) {
  switch (c) {
    case '+':
      return SpfQualifier::pass;
    case '-':
      return SpfQualifier::fail;
    case '~':
      return SpfQualifier::soft_fail;
    case '?':
      return SpfQualifier::neutral;
    default:
      return std::nullopt;
  }
}

Result<SpfMechanism> parse_mechanism(std::string_view term) {
  using Kind = SpfMechanism::Kind;
  SpfMechanism mechanism;
  mechanism.text = std::string(term);
  std::string_view rest = term;
  if (const auto qualifier = qualifier_of(term.front())) {
    mechanism.qualifier = *qualifier;
    rest.remove_prefix(1);
  }
  const std::string_view name = rest.substr(0, rest.find_first_of(":/"));
  rest.remove_prefix(name.size());
  static constexpr std::pair<std::string_view, Kind> kinds[] = {
      {"all", Kind::all}, {"include", Kind::include}, {"a", Kind::a},     {"mx", Kind::mx},
      {"ptr", Kind::ptr}, {"ip4", Kind::ip4},         {"ip6", Kind::ip6}, {"exists", Kind::exists}};
  const auto* const known =
      std::ranges::find_if(kinds, [&](const auto& kind) { return equal_ascii(kind.first, name); });
  if (known == std::end(kinds)) return fail(Code::syntax, "unknown mechanism");
  mechanism.kind = known->second;
  switch (mechanism.kind) {
    case Kind::all:
      if (!rest.empty()) return fail(Code::syntax, "\"all\" takes no argument");
      break;
    case Kind::ip4:
    case Kind::ip6:
      ICM_CHECK(parse_network(rest, mechanism));
      break;
    case Kind::include:
    case Kind::a:
    case Kind::mx:
    case Kind::ptr:
    case Kind::exists:
      ICM_CHECK(parse_domain_argument(rest, mechanism));
      break;
  }
  return mechanism;
}

// RFC 7208 §6 and §12: name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ), then "=".
std::optional<std::string_view> modifier_name(std::string_view term) {
  if (!is_alpha(term.front())) return std::nullopt;
  const auto end = std::ranges::find_if(term, [](char c) {
    return !is_alpha(c) && !is_digit(c) && c != '-' && c != '_' && c != '.';
  });
  if (end == term.end() || *end != '=') return std::nullopt;
  return term.substr(0, static_cast<std::size_t>(end - term.begin()));
}

Status parse_modifier(std::string_view name, std::string_view value, SpfRecord& record) {
  auto* const target = equal_ascii(name, "redirect") ? &record.redirect
                       : equal_ascii(name, "exp")    ? &record.explanation
                                                     : nullptr;
  if (target == nullptr) {
    // §6: unknown modifiers are ignored, but must be well formed; §12 knows every macro there.
    const auto parts = parse_spf_macro_string(value, SpfMacroUse::explanation);
    if (!parts) return tl::make_unexpected(parts.error());
    return {};
  }
  if (target->has_value()) return fail(Code::syntax, "given twice");  // §6: at most once each
  auto domain = parse_domain_spec(value);
  if (!domain) return tl::make_unexpected(domain.error());
  *target = *std::move(domain);
  return {};
}

}  // namespace

bool SpfMechanism::costs_lookup() const {
  switch (kind) {
    case Kind::all:
    case Kind::ip4:
    case Kind::ip6:
      return false;
    case Kind::include:
    case Kind::a:
    case Kind::mx:
    case Kind::ptr:
    case Kind::exists:
      return true;
  }
  return false;
}

bool is_spf_record(std::string_view text) {
  constexpr std::string_view version = "v=spf1";
  if (!starts_with_ascii(text, version)) return false;
  return text.size() == version.size() || text[version.size()] == ' ';
}

Result<SpfMacroString> parse_spf_macro_string(std::string_view text, SpfMacroUse use) {
  SpfMacroString parts;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c != '%') {
      const bool blank = c == ' ' && use == SpfMacroUse::explanation;
      if (!blank && (c <= ' ' || c > '~')) {
        return fail(Code::syntax, fmt::format("{}: expected printable ASCII", quoted(text)));
      }
      append_literal(parts, text.substr(at, 1));
      ++at;
      continue;
    }
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (next == '%' || next == '_' || next == '-') {
      append_literal(parts, next == '%' ? "%" : next == '_' ? " " : "%20");
      at += 2;
      continue;
    }
    const auto close = next == '{' ? text.find('}', at) : std::string_view::npos;
    if (close == std::string_view::npos) {
      return fail(Code::syntax,
                  fmt::format("{}: expected %{{letter}}, %%, %_ or %- at \"%\"", quoted(text)));
    }
    ICM_TRY(SpfMacro macro, parse_macro(text.substr(at + 2, close - at - 2), use));
    parts.emplace_back(std::move(macro));
    at = close + 1;
  }
  return parts;
}

Result<SpfRecord> parse_spf_record(std::string_view text) {
  if (!is_spf_record(text)) return fail(Code::syntax, "expected \"v=spf1\" at the beginning");
  SpfRecord record;
  record.text = std::string(text);
  // §4.6.1: terms are separated by SP only; a tab or a non-ASCII octet is part of a term and
  // fails there.
  for (const std::string_view term : split(text.substr(std::string_view("v=spf1").size()), ' ')) {
    if (term.empty()) continue;
    if (const auto name = modifier_name(term)) {
      const Status read = parse_modifier(*name, term.substr(name->size() + 1), record);
      if (!read) return wrong(term, read.error().text);
      continue;
    }
    auto mechanism = parse_mechanism(term);
    if (!mechanism) return wrong(term, mechanism.error().text);
    record.mechanisms.push_back(*std::move(mechanism));
  }
  return record;
}

}  // namespace icm
