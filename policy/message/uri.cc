// SPDX-License-Identifier: Apache-2.0
//
// RFC 3986, RFC 9110 §4.2 and RFC 6068, as strict readers.
#include "policy/message/uri.h"

#include <algorithm>

#include "policy/base/ip_address.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  return lower_ascii(c) - 'a' + 10;
}

// RFC 3986 §2.2 sub-delims and §2.3 unreserved.
constexpr bool is_plain(char c) {
  return is_alpha(c) || is_digit(c) ||
         std::string_view("-._~!$&'()*+,;=").find(c) != std::string_view::npos;
}

// RFC 3986 §3.1.
std::size_t scheme_length(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_alpha(text[0])) return 0;
  for (const char c : text.substr(0, colon)) {
    if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return 0;
  }
  return colon;
}

// Whether all of `text` is unreserved, sub-delims, percent-encoded or one of `also`.
Status check_characters(std::string_view text, std::string_view also, std::string_view part) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2])) continue;
      return fail(Code::syntax, fmt::format("\"{}\" in the {} is no percent-encoded octet",
                                            for_log(text.substr(i, 3)), part));
    }
    if (!is_plain(c) && also.find(c) == std::string_view::npos) {
      return fail(Code::syntax, fmt::format("\"{}\" must be percent-encoded in the {}",
                                            for_log(text.substr(i, 1)), part));
    }
  }
  return {};
}

// RFC 3986 §3.2.2 IP-literal, IPv6 only: nobody has made use of IPvFuture.
Status check_ip_literal(std::string_view host) {
  const auto address = IpAddress::parse(host.substr(1, host.size() - 2));
  const bool is_v6 = address && host.find(':') != std::string_view::npos;
  if (!is_v6) {
    return fail(Code::syntax, fmt::format("\"{}\" is no IPv6 address", excerpt(host)));
  }
  return {};
}

// RFC 3986 §3.2: [ userinfo "@" ] host [ ":" port ].
Status read_authority(std::string_view text, Uri& uri) {
  uri.has_authority = true;
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    uri.userinfo = text.substr(0, at);
    ICM_CHECK(check_characters(*uri.userinfo, ":", "user name"));
    text.remove_prefix(at + 1);
  }
  std::size_t host_size = std::min(text.find(':'), text.size());
  if (text.starts_with('[')) {
    host_size = text.find(']') + 1;
    if (host_size == 0) return fail(Code::syntax, "\"[\" in the host without \"]\"");
  }
  uri.host = lower_ascii(text.substr(0, host_size));
  text.remove_prefix(host_size);
  if (!text.empty() && text[0] != ':') {
    return fail(Code::syntax, fmt::format("\"{}\" after the host", excerpt(text)));
  }
  uri.port = text.substr(std::min<std::size_t>(1, text.size()));
  for (const char c : uri.port) {
    if (!is_digit(c)) {
      return fail(Code::syntax, fmt::format("port \"{}\" is no number", excerpt(uri.port)));
    }
  }
  if (uri.host.starts_with('[')) return check_ip_literal(uri.host);
  return check_characters(uri.host, "", "host");
}

Status read_mailto_addresses(std::string_view list, std::vector<Mailbox>& mailboxes) {
  if (list.empty()) return {};
  // RFC 6068 §2: commas between addresses stand as they are, those inside are encoded.
  for (const std::string_view one : split(list, ',')) {
    ICM_TRY(Mailbox mailbox, Mailbox::parse(percent_decoded(one)));
    mailboxes.push_back(std::move(mailbox));
  }
  return {};
}

}  // namespace

Result<Uri> Uri::parse(std::string_view text) {
  Uri uri;
  const std::size_t scheme = scheme_length(text);
  if (scheme == 0) return fail(Code::syntax, "expected a scheme such as \"https:\"");
  uri.scheme = lower_ascii(text.substr(0, scheme));
  text.remove_prefix(scheme + 1);

  if (const std::size_t hash = text.find('#'); hash != std::string_view::npos) {
    uri.fragment = text.substr(hash + 1);
    ICM_CHECK(check_characters(*uri.fragment, ":@/?", "fragment"));
    text = text.substr(0, hash);
  }
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    uri.query = text.substr(mark + 1);
    ICM_CHECK(check_characters(*uri.query, ":@/?", "query"));
    text = text.substr(0, mark);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t slash = std::min(text.find('/'), text.size());
    ICM_CHECK(read_authority(text.substr(0, slash), uri));
    text.remove_prefix(slash);
  }
  uri.path = text;
  ICM_CHECK(check_characters(uri.path, ":@/", "path"));
  return uri;
}

std::string scheme_of(std::string_view text) {
  return lower_ascii(text.substr(0, scheme_length(text)));
}

Status check_https(const Uri& uri) {
  if (!uri.has_authority) return fail(Code::syntax, "expected \"//\" and a host after \"https:\"");
  // RFC 9110 §4.2.4: a user name in an http or https URI is for deceiving people only.
  if (uri.userinfo) return fail(Code::syntax, "a user name must not stand before the host");
  // RFC 9110 §4.2.2: an empty host is invalid.
  if (uri.host.empty()) return fail(Code::syntax, "the host is missing");
  if (!uri.host.starts_with('[')) ICM_CHECK(Domain::parse(uri.host).map([](const Domain&) {}));
  if (!uri.port.empty()) {
    const auto port = parse_number(uri.port);
    if (!port || *port == 0 || *port > 65535) {
      return fail(Code::syntax, fmt::format("port {} does not exist", excerpt(uri.port)));
    }
  }
  return {};
}

Result<std::vector<Mailbox>> parse_mailto(const Uri& uri) {
  if (uri.has_authority) return fail(Code::syntax, "\"//\" must not follow \"mailto:\"");
  std::vector<Mailbox> mailboxes;
  ICM_CHECK(read_mailto_addresses(uri.path, mailboxes));
  if (uri.query) {
    for (const std::string_view field : split(*uri.query, '&')) {
      const std::size_t equals = field.find('=');
      if (equals == std::string_view::npos) {
        return fail(Code::syntax,
                    fmt::format("expected name=value after \"?\", found \"{}\"", excerpt(field)));
      }
      if (equal_ascii(field.substr(0, equals), "to")) {
        ICM_CHECK(read_mailto_addresses(field.substr(equals + 1), mailboxes));
      }
    }
  }
  if (mailboxes.empty()) return fail(Code::syntax, "no address");
  return mailboxes;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2])) {
      decoded += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace icm
