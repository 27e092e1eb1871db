// SPDX-License-Identifier: Apache-2.0
#include "policy/base/redis_address.h"

#include <algorithm>

#include <sys/un.h>

#include "policy/base/name_server.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::string_view unix_mark = "unix:";
constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;

Result<std::string> socket_path(std::string_view path) {
  if (!path.starts_with('/')) return fail(Code::config, "the path is not absolute");
  if (path.size() > longest_path) {
    return fail(Code::config, fmt::format("a unix socket's path has at most {} octets, this has {}",
                                          longest_path, path.size()));
  }
  if (std::any_of(path.begin(), path.end(), [](char c) { return c < ' ' || c == '\x7f'; })) {
    return fail(Code::config, "the path holds a control character");
  }
  return std::string(path);
}

bool has_port(std::string_view text) {
  if (text.starts_with('[')) return text.find("]:") != std::string_view::npos;
  return std::count(text.begin(), text.end(), ':') == 1;
}

}  // namespace

Result<RedisAddress> RedisAddress::parse(std::string_view text) {
  RedisAddress server;
  if (text.starts_with(unix_mark)) {
    ICM_TRY(server.path, socket_path(text.substr(unix_mark.size())));
    return server;
  }
  if (text.starts_with('/')) return fail(Code::config, "write unix: in front of a socket's path");
  auto parsed = NameServer::parse(text);  // the same notation
  if (!parsed) {
    const bool is_name = std::any_of(text.begin(), text.end(), is_alpha) &&
                         std::count(text.begin(), text.end(), ':') < 2;
    if (!is_name) return tl::make_unexpected(parsed.error());
    return fail(Code::config, "names are not looked up here: write the server's address");
  }
  if (!parsed->interface.empty()) {
    return fail(Code::config, "an address with an interface is not supported");
  }
  server.address = parsed->address;
  if (has_port(text)) server.port = parsed->port;
  return server;
}

std::string RedisAddress::text() const {
  if (!address) return fmt::format("{}{}", unix_mark, path);
  if (!port) return address->text();
  return address->is_v4() ? fmt::format("{}:{}", address->text(), *port)
                          : fmt::format("[{}]:{}", address->text(), *port);
}

}  // namespace icm
