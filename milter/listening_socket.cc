// SPDX-License-Identifier: Apache-2.0
#include "milter/listening_socket.h"

#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include "milter/callbacks.h"
#include "policy/base/unique_fd.h"
#include "policy/config/socket_address.h"

namespace icm {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

tl::unexpected<Error> refuse(std::string text) {
  return fail(Code::config, fmt::format("socket.address: {}", text));
}

// libmilter says only that it failed; a socket of our own says why.
Status try_to_bind(const SocketAddress& address) {
  addrinfo hints{};
  hints.ai_family = address.family == SocketAddress::Family::inet6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int status =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (status != 0) {
    return refuse(
        fmt::format("cannot find the address {}: {}", address.host, ::gai_strerror(status)));
  }
  const UniqueFd probe(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool is_free = ::bind(probe.get(), found->ai_addr, found->ai_addrlen) == 0;
  const int error = errno;
  ::freeaddrinfo(found);
  if (is_free) return {};
  return refuse(fmt::format("cannot listen on {}: {}", address.text(), reason(error)));
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

Result<ListeningSocket> ListeningSocket::open(const SocketConfig& config) {
  const auto address = SocketAddress::parse(config.address);
  if (!address) return refuse(address.error().text);
  ListeningSocket socket;
  if (address->family != SocketAddress::Family::unix_path) {
    ICM_CHECK(try_to_bind(*address));
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
