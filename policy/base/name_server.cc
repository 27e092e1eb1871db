// SPDX-License-Identifier: Apache-2.0
#include "policy/base/name_server.h"

#include <algorithm>
#include <optional>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t longest_interface = 15;  // IFNAMSIZ without the NUL

struct Parts {
  std::string_view host;
  std::optional<std::string_view> port;
};

Result<Parts> split_port(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return fail(Code::config, "the ] is missing");
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) {
      return fail(Code::config, "only a colon and the port may follow the ]");
    }
    return Parts{text.substr(1, close - 1),
                 rest.empty() ? std::nullopt : std::optional(rest.substr(1))};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    return Parts{text, std::nullopt};
  }
  return Parts{text.substr(0, colon), text.substr(colon + 1)};
}

bool is_interface_octet(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
}

Status check_interface(std::string_view interface, const IpAddress& address) {
  const bool is_link_local = !address.is_v4() && address.octets()[0] == 0xfe &&
                             (address.octets()[1] & 0xc0) == 0x80;  // fe80::/10, RFC 4291 §2.5.6
  if (!is_link_local) {
    return fail(Code::config, "only a link-local IPv6 address has an interface");
  }
  if (interface.empty() || interface.size() > longest_interface ||
      !std::all_of(interface.begin(), interface.end(), is_interface_octet)) {
    return fail(Code::config, "the name of an interface must follow the %");
  }
  return {};
}

}  // namespace

Result<NameServer> NameServer::parse(std::string_view text) {
  ICM_TRY(const Parts parts, split_port(text));
  const std::size_t percent = parts.host.find('%');
  const auto address = IpAddress::parse(parts.host.substr(0, percent));
  if (!address) {
    return fail(Code::config, fmt::format("\"{}\" is no IPv4 or IPv6 address",
                                          excerpt(parts.host.substr(0, percent))));
  }
  NameServer server{.address = *address, .port = default_port, .interface = {}};
  if (percent != std::string_view::npos) {
    const std::string_view interface = parts.host.substr(percent + 1);
    ICM_CHECK(check_interface(interface, *address));
    server.interface = interface;
  }
  if (!parts.port) return server;
  const auto port = parse_number(*parts.port);
  if (!port || *port < 1 || *port > 65535) {
    return fail(Code::config, "the port is not a number from 1 to 65535");
  }
  server.port = static_cast<std::uint16_t>(*port);
  return server;
}

std::string NameServer::text() const {
  const std::string host =
      interface.empty() ? address.text() : fmt::format("{}%{}", address.text(), interface);
  if (port == default_port) return host;
  return address.is_v4() ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

}  // namespace icm
