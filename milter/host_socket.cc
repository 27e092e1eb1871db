// SPDX-License-Identifier: Apache-2.0
#include "milter/host_socket.h"

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

namespace icm {

Result<UniqueFd> bind_to_host(const SocketAddress& address) {
  addrinfo hints{};
  hints.ai_family = address.family == SocketAddress::Family::inet6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* first = nullptr;
  const int status =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &first);
  if (status != 0) {
    return fail(Code::config, fmt::format("cannot find the address {}: {}", address.host,
                                          ::gai_strerror(status)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(first, ::freeaddrinfo);
  UniqueFd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(socket.get(), found->ai_addr, found->ai_addrlen) == 0) return socket;
  return fail(Code::config, fmt::format("cannot listen on {}: {}", address.text(),
                                        std::generic_category().message(errno)));
}

}  // namespace icm
