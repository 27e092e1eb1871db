// SPDX-License-Identifier: Apache-2.0
#include "milter/listening_socket.h"

#include <fmt/format.h>

#include "milter/callbacks.h"
#include "milter/host_socket.h"
#include "policy/config/socket_address.h"

namespace icm {
namespace {

tl::unexpected<Error> refuse(std::string text) {
  return fail(Code::config, fmt::format("socket.address: {}", text));
}

SocketPlace place_of(const SocketConfig& config, const SocketAddress& address) {
  return {.path = address.path,
          .owner = config.owner,
          .group = config.group,
          .mode = static_cast<mode_t>(config.mode),
          .section = "socket",
          .path_option = "socket.address",
          .group_hint = "the mail server's group"};
}

}  // namespace

Status ListeningSocket::check(const SocketConfig& config) {
  const auto address = SocketAddress::parse(config.address);
  if (!address) return refuse(address.error().text);
  if (address->family != SocketAddress::Family::unix_path) return {};
  return SocketFile::check(place_of(config, *address));
}

Status ListeningSocket::check_vacant(const SocketConfig& config) {
  const auto address = SocketAddress::parse(config.address);
  if (!address) return refuse(address.error().text);
  if (address->family == SocketAddress::Family::unix_path) {
    return SocketFile::check_vacant(place_of(config, *address));
  }
  // libmilter says only that it failed; a socket of our own says why.
  if (const auto probe = bind_to_host(*address); !probe) return refuse(probe.error().text);
  return {};
}

Result<ListeningSocket> ListeningSocket::open(const SocketConfig& config) {
  const auto address = SocketAddress::parse(config.address);
  if (!address) return refuse(address.error().text);
  ListeningSocket socket;
  if (address->family != SocketAddress::Family::unix_path) {
    ICM_CHECK(check_vacant(config));
    ICM_CHECK(open_milter_socket(address->text()));
    return socket;
  }
  const SocketPlace place = place_of(config, *address);
  ICM_TRY(socket.file_, SocketFile::put(place, [](const std::string& path) {
            return open_milter_socket("unix:" + path);
          }));
  return socket;
}

void ListeningSocket::withdraw() { file_.withdraw(); }

}  // namespace icm
