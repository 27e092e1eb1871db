// SPDX-License-Identifier: Apache-2.0
#include "policy/config/option_form.h"

#include <algorithm>

#include "policy/base/text.h"
#include "policy/config/socket_address.h"

namespace icm {
namespace {

struct SizeUnit {
  std::string_view name;
  std::uint64_t octets;
};
constexpr SizeUnit size_units[] = {{"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}};

// Sizes that people know by their octets (Apple's 28319744) stay octets: only whole MiB and above,
// and what is below one, get a unit.
std::string write_size(const std::uint64_t& size) {
  for (const auto& [name, octets] : size_units) {
    const bool is_small = octets > 1024 || size < (1ull << 20);
    if (size != 0 && size % octets == 0 && is_small) {
      return fmt::format("{}{}", size / octets, name);
    }
  }
  return fmt::format("{}", size);
}

std::optional<std::uint64_t> read_size(std::string_view text) {
  for (const auto& [name, octets] : size_units) {
    if (!text.ends_with(name)) continue;
    text.remove_suffix(name.size());
    const auto count = parse_number(trim(text));
    if (!count || *count > UINT64_MAX / octets) return std::nullopt;
    return *count * octets;
  }
  return parse_number(text);
}

// "20MB" is one size to some and another to others, so it is none here.
std::string size_hint(std::string_view text) {
  const std::string_view digits =
      text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
  const std::string unit = lower_ascii(trim(text.substr(digits.size())));
  for (const auto& [name, octets] : size_units) {
    if (text.ends_with(name)) return {};
    const std::string letter = lower_ascii(name.substr(0, 1));
    if (digits.empty() || (unit != letter && unit != letter + "b" && unit != letter + "ib")) {
      continue;
    }
    return fmt::format("did you mean \"{}{}\"?", digits, name);
  }
  return {};
}

bool is_all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// A leading zero means octal to YAML 1.1 and to C, and nothing at all to people: both readings are
// offered, none is taken.
std::optional<std::string> leading_zero(std::string_view digits) {
  if (digits.size() < 2 || digits.front() != '0' || !is_all_digits(digits)) return std::nullopt;
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
  if (digits.size() > 9) return std::nullopt;
  std::uint64_t octal = 0;
  for (const char digit : digits) {
    if (digit > '7') return fmt::format("leading zero: write {}", digits);
    octal = octal * 8 + static_cast<std::uint64_t>(digit - '0');
  }
  if (octal < 8) return fmt::format("leading zero: write {}", digits);
  return fmt::format("leading zero: write {}, or {} if octal was meant", digits, octal);
}

// C0, DEL and (in UTF-8) C1: escapes in quotes bring them past the reading of the file.
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if (octet < 0x20 || octet == 0x7F) return true;
    const bool begins_latin1 = octet == 0xC2 && i + 1 < text.size();
    if (begins_latin1 && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

Result<std::string> one_line(std::string_view given) {
  if (has_control(given)) return fail(Code::config, "it holds a control character");
  return std::string(given);
}

std::string same(const std::string& value) { return value; }

Form<std::string> or_nothing(Form<std::string> form) {
  form.expected += ", or nothing";
  form.parse = [parse = form.parse](std::string_view given) -> Result<std::string> {
    return given.empty() ? std::string() : parse(given);
  };
  return form;
}

}  // namespace

std::string one_of(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

std::string hint_for(std::string_view given, const std::vector<std::string_view>& words) {
  const bool has_off = std::find(words.begin(), words.end(), "off") != words.end();
  if (has_off && equal_ascii(given, "false")) {
    return "did you mean \"off\"? Programs that rewrite YAML turn a bare off into false: quote it "
           "there";
  }
  if (const auto word = nearest(given, words)) return fmt::format("did you mean \"{}\"?", *word);
  return {};
}

Form<std::string> text_form() {
  Form<std::string> form;
  form.expected = "a text on one line";
  form.one = "texts";
  form.parse = one_line;
  form.write = same;
  return form;
}

Form<std::string> name_form() {
  Form<std::string> form;
  form.expected = "a word of letters, digits, hyphens, underscores and dots";
  form.parse = [](std::string_view given) -> Result<std::string> {
    const bool is_word = std::all_of(given.begin(), given.end(), [](char c) {
      return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
    });
    if (given.empty() || !is_word) return fail(Code::config, "");
    return std::string(given);
  };
  form.write = same;
  return form;
}

Form<std::string> path_form() {
  Form<std::string> form;
  form.expected = "an absolute path";
  form.parse = [](std::string_view given) -> Result<std::string> {
    if (!given.empty() && given.front() != '/') return fail(Code::config, "");
    return one_line(given);
  };
  form.write = same;
  return form;
}

Form<std::string> socket_form() {
  Form<std::string> form;
  form.expected = "unix:PATH, inet:PORT@ADDRESS or inet6:PORT@ADDRESS";
  form.parse = [](std::string_view given) -> Result<std::string> {
    ICM_TRY(std::string text, one_line(given));
    ICM_TRY(const SocketAddress address, SocketAddress::parse(text));
    (void)address;  // as it was written, it goes to libmilter
    return text;
  };
  form.write = same;
  return form;
}

Form<std::string> socket_or_none_form() { return or_nothing(socket_form()); }

Form<std::string> word_form(std::vector<std::string_view> words) {
  Form<std::string> form;
  form.kind = ValueKind::word;
  form.expected = one_of(words);
  form.parse = [words](std::string_view given) -> Result<std::string> {
    if (std::find(words.begin(), words.end(), given) != words.end()) return std::string(given);
    return fail(Code::config, hint_for(given, words));
  };
  form.write = same;
  return form;
}

Form<bool> flag_form() {
  Form<bool> form;
  form.kind = ValueKind::flag;
  form.expected = "yes or no";
  form.parse = [](std::string_view given) -> Result<bool> {
    for (const std::string_view word : {"yes", "on", "true"}) {
      if (equal_ascii(given, word)) return true;
    }
    for (const std::string_view word : {"no", "off", "false"}) {
      if (equal_ascii(given, word)) return false;
    }
    return fail(Code::config, "");
  };
  form.write = [](const bool& value) { return std::string(value ? "yes" : "no"); };
  return form;
}

Form<int> octal_form(int low, int high) {
  Form<int> form;
  form.kind = ValueKind::word;
  form.expected =
      fmt::format("permissions in octal from {:04o} to {:04o}, such as 0660", low, high);
  form.parse = [low, high](std::string_view given) -> Result<int> {
    if (given.starts_with("0o")) given.remove_prefix(2);  // YAML 1.2 writes octal so
    int value = 0;
    for (const char c : given) {
      if (c < '0' || c > '7' || value > high) return fail(Code::config, "");
      value = value * 8 + (c - '0');
    }
    if (given.empty() || value < low || value > high) return fail(Code::config, "");
    return value;
  };
  form.write = [](const int& value) { return fmt::format("{:04o}", value); };
  return form;
}

Form<int> number_form(int low, int high) {
  Form<int> form;
  form.kind = ValueKind::number;
  form.expected = fmt::format("a whole number from {} to {}", low, high);
  form.parse = [low, high](std::string_view given) -> Result<int> {
    if (const auto zero = leading_zero(given)) return fail(Code::config, *zero);
    const auto value = parse_number(given);
    if (!value || *value < static_cast<std::uint64_t>(low) ||
        *value > static_cast<std::uint64_t>(high)) {
      return fail(Code::config, "");
    }
    return static_cast<int>(*value);
  };
  form.write = [](const int& value) { return fmt::format("{}", value); };
  return form;
}

Form<std::uint64_t> size_form(std::uint64_t low, std::uint64_t high) {
  Form<std::uint64_t> form;
  form.kind = ValueKind::number;
  form.expected = fmt::format("octets from {} to {}, as 28319744, 512KiB or 20MiB", write_size(low),
                              write_size(high));
  form.parse = [low, high](std::string_view given) -> Result<std::uint64_t> {
    if (const auto zero = leading_zero(given)) return fail(Code::config, *zero);
    const auto value = read_size(given);
    if (!value) return fail(Code::config, size_hint(given));
    if (*value < low || *value > high) return fail(Code::config, "");
    return *value;
  };
  form.write = write_size;
  return form;
}

Form<std::chrono::seconds> span_form(std::chrono::seconds low, std::chrono::seconds high,
                                     std::string_view because) {
  Form<std::chrono::seconds> form;
  form.kind = ValueKind::word;
  form.expected =
      fmt::format("a span from {} to {}, as 90s, 15m, 12h, 7d or 2w", to_span(low), to_span(high));
  form.one = fmt::format("spans from {} to {}, as 90s, 15m or 7d", to_span(low), to_span(high));
  form.parse = [low, high, because](std::string_view given) -> Result<std::chrono::seconds> {
    const Result<std::chrono::seconds> value = parse_span(given);
    if (!value) {
      return fail(Code::config,
                  is_all_digits(given) ? fmt::format("the unit is missing: write {}s", given) : "");
    }
    if (*value < low || *value > high) return fail(Code::config, std::string(because));
    return *value;
  };
  form.write = [](const std::chrono::seconds& value) { return to_span(value); };
  return form;
}

Form<std::optional<WallTime>> time_form() {
  Form<std::optional<WallTime>> form;
  form.kind = ValueKind::word;
  form.expected = "never, a date as 2026-12-01 or a time as 2026-12-01T08:00:00Z";
  form.parse = [](std::string_view given) -> Result<std::optional<WallTime>> {
    if (given == "never") return std::optional<WallTime>{};
    const Result<WallTime> time = parse_time(given);
    // An offset can lead out of the years that RFC 3339 can write.
    if (!time || parse_time(to_rfc3339(*time)) != time) return fail(Code::config, "");
    return std::optional(*time);
  };
  form.write = [](const std::optional<WallTime>& value) {
    return value ? to_rfc3339(*value) : std::string("never");
  };
  return form;
}

Form<Domain> domain_form() {
  Form<Domain> form;
  form.expected = "a domain name";
  form.one = "domain names";
  form.parse = [](std::string_view given) -> Result<Domain> {
    Result<Domain> domain = Domain::parse(given);
    if (domain) return domain;
    // "domain "x": has an empty label": what x is, our own sentence says.
    const std::string& reason = domain.error().text;
    const std::size_t quoted = fmt::format("domain \"{}\": ", excerpt(given)).size();
    return fail(Code::config, reason.size() > quoted ? "it " + reason.substr(quoted) : reason);
  };
  form.write = [](const Domain& domain) { return domain.text(); };
  return form;
}

Form<IpRange> range_form() {
  Form<IpRange> form;
  form.expected = "a network as 192.0.2.0/24, 2001:db8::/32 or a single address";
  form.one = "networks as 192.0.2.0/24, 2001:db8::/32 or single addresses";
  form.parse = [](std::string_view given) -> Result<IpRange> {
    Result<IpRange> range = IpRange::parse(given);
    if (!range) return fail(Code::config, "");
    return range;
  };
  form.write = [](const IpRange& range) { return range.text(); };
  return form;
}

Form<IpAddress> address_form() {
  Form<IpAddress> form;
  form.expected = "an IP address as 192.0.2.1 or 2001:db8::1";
  form.one = "IP addresses as 192.0.2.1 or 2001:db8::1";
  form.parse = [](std::string_view given) -> Result<IpAddress> {
    Result<IpAddress> address = IpAddress::parse(given);
    if (!address) return fail(Code::config, "");
    return address;
  };
  form.write = [](const IpAddress& address) { return address.text(); };
  return form;
}

Form<NameServer> server_form() {
  Form<NameServer> form;
  form.expected = "an address as 192.0.2.1, 2001:db8::1 or [2001:db8::1]:5353";
  form.one = "addresses as 192.0.2.1, 2001:db8::1 or [2001:db8::1]:5353";
  form.parse = NameServer::parse;
  form.write = [](const NameServer& server) { return server.text(); };
  return form;
}

Form<RedisAddress> redis_server_form() {
  Form<RedisAddress> form;
  form.expected = "an address as 192.0.2.1 or [2001:db8::1]:6379, or unix:PATH";
  form.one = "addresses as 192.0.2.1 or [2001:db8::1]:6379, or unix:PATH";
  form.parse = RedisAddress::parse;
  form.write = [](const RedisAddress& server) { return server.text(); };
  return form;
}

Form<std::string> domain_name_form() {
  const Form<Domain> domain = domain_form();
  Form<std::string> form;
  form.expected = domain.expected;
  form.one = domain.one;
  form.parse = [parse = domain.parse](std::string_view given) -> Result<std::string> {
    ICM_TRY(const Domain parsed, parse(given));
    return parsed.text();
  };
  form.write = same;
  return form;
}

Form<std::string> selector_form() {
  Form<std::string> form;
  form.expected = "a selector as arc1 or 2026.arc";
  form.parse = [](std::string_view given) -> Result<std::string> {
    // RFC 6376 §3.1: dots between sub-domains of RFC 5321 §4.1.2, so letters, digits, hyphens.
    const auto name = Domain::parse(given);
    if (!name || name->text().find('_') != std::string::npos) return fail(Code::config, "");
    return name->text();
  };
  form.write = same;
  return form;
}

Form<std::string> key_file_form() {
  Form<std::string> form;
  form.expected = "an absolute path or credential:NAME";
  form.parse = [](std::string_view given) -> Result<std::string> {
    if (given.starts_with('/')) return one_line(given);
    constexpr std::string_view mark = "credential:";
    if (!given.starts_with(mark)) return fail(Code::config, "");
    // What systemd takes for the name of a credential is what it takes for a file name.
    const std::string_view name = given.substr(mark.size());
    if (name.empty() || name == "." || name == ".." || name.size() > 255 || !is_printable(name) ||
        name.find_first_of("/: ") != std::string_view::npos) {
      return fail(Code::config, "the name is no file name");
    }
    return std::string(given);
  };
  form.write = same;
  return form;
}

Form<std::string> secret_file_form() { return or_nothing(key_file_form()); }

}  // namespace icm
