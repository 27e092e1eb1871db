// SPDX-License-Identifier: Apache-2.0
#include "policy/config/socket_address.h"

#include <optional>

#include <sys/un.h>

#include "policy/base/domain.h"
#include "policy/base/ip_address.h"
#include "policy/base/text.h"

namespace icm {
namespace {

using Family = SocketAddress::Family;

// sockaddr_un needs the octet behind the path for its NUL.
constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;

std::string_view loopback_of(Family family) {
  return family == Family::inet6 ? "::1" : "127.0.0.1";
}

std::string_view word_of(Family family) { return family == Family::inet6 ? "inet6" : "inet"; }

Result<SocketAddress> parse_unix(std::string_view path) {
  if (!path.starts_with('/')) {
    return fail(Code::config, "the path is not absolute");
  }
  if (path.size() > longest_path) {
    return fail(Code::config, fmt::format("the path has {} octets, a unix socket takes at most {}",
                                          path.size(), longest_path));
  }
  return SocketAddress{
      .family = Family::unix_path, .path = std::string(path), .port = 0, .host = {}};
}

// Postfix writes inet:HOST:PORT where libmilter wants inet:PORT@HOST, and both stand in the same
// administrator's files.
std::optional<std::string> as_postfix_writes(Family family, std::string_view rest) {
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || rest.find('@') != std::string_view::npos) return {};
  const std::string_view port = rest.substr(colon + 1);
  if (!parse_number(port)) return {};
  return fmt::format("{}:{}@{}", word_of(family), port, rest.substr(0, colon));
}

Result<std::string> parse_host(Family family, std::string_view host) {
  if (family == Family::inet6 && host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  const Result<IpAddress> address = IpAddress::parse(host);
  if (address && address->is_v4() == (family == Family::inet)) return std::string(host);
  // A host name has a letter; what has none was meant as an address.
  bool has_letter = false;
  for (const char c : host) has_letter = has_letter || is_alpha(c);
  if (!address && has_letter && host.find(':') == std::string_view::npos) {
    if (const Result<Domain> name = Domain::parse(host)) return name->text();
  }
  return fail(Code::config, fmt::format("\"{}\" is neither an {} address nor a host name", host,
                                        family == Family::inet ? "IPv4" : "IPv6"));
}

Result<SocketAddress> parse_internet(Family family, std::string_view rest) {
  const std::size_t at = rest.find('@');
  const std::string_view port_text = rest.substr(0, at);
  const std::optional<std::uint64_t> port = parse_number(port_text);
  if (const auto swapped = as_postfix_writes(family, rest)) {
    return fail(Code::config, fmt::format("the port comes first: write {}", *swapped));
  }
  if (!port || *port < 1 || *port > 65535) {
    return fail(Code::config, "the port is not a number from 1 to 65535");
  }
  if (at == std::string_view::npos) {
    return fail(
        Code::config,
        fmt::format("which address to listen on is missing: write {0}:{1}@{2} for this host "
                    "alone",
                    word_of(family), *port, loopback_of(family)));
  }
  ICM_TRY(std::string host, parse_host(family, rest.substr(at + 1)));
  return SocketAddress{.family = family,
                       .path = {},
                       .port = static_cast<std::uint16_t>(*port),
                       .host = std::move(host)};
}

}  // namespace

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto behind = [&](std::string_view word) { return text.substr(word.size()); };
  if (text.starts_with("unix:")) return parse_unix(behind("unix:"));
  if (text.starts_with("inet:")) return parse_internet(Family::inet, behind("inet:"));
  if (text.starts_with("inet6:")) return parse_internet(Family::inet6, behind("inet6:"));
  return fail(Code::config, text.starts_with('/')
                                ? "write unix: in front of a path"
                                : "it begins with none of unix:, inet: and inet6:");
}

bool SocketAddress::is_local() const {
  if (family == Family::unix_path || host == "localhost") return true;
  const Result<IpAddress> address = IpAddress::parse(host);
  return address && address->is_loopback();
}

std::string SocketAddress::text() const {
  if (family == Family::unix_path) return "unix:" + path;
  return fmt::format("{}:{}@{}", word_of(family), port, host);
}

}  // namespace icm
