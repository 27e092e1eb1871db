// SPDX-License-Identifier: Apache-2.0
#include "milter/local_listener.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "milter/host_socket.h"
#include "policy/config/socket_address.h"

namespace icm {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

tl::unexpected<Error> refuse(const ListenerPlace& place, std::string_view text) {
  return fail(Code::config, fmt::format("{}.address: {}", place.section, text));
}

Status listen_at(const UniqueFd& socket, int backlog, const ListenerPlace& place,
                 std::string_view where) {
  if (::listen(socket.get(), backlog) == 0) return {};
  return refuse(place, fmt::format("cannot listen at {}: {}", where, reason(errno)));
}

}  // namespace

Status LocalListener::check(const ListenerPlace& place) {
  if (place.address.empty()) return {};
  const auto address = SocketAddress::parse(place.address);
  if (!address) return refuse(place, address.error().text);
  if (address->family != SocketAddress::Family::unix_path) return {};
  const std::string option = fmt::format("{}.address", place.section);
  return SocketFile::check({.path = address->path,
                            .owner = place.owner,
                            .group = place.group,
                            .mode = static_cast<mode_t>(place.mode),
                            .section = place.section,
                            .path_option = option,
                            .group_hint = place.group_hint});
}

Result<LocalListener> LocalListener::open(const ListenerPlace& place, int backlog) {
  const auto address = SocketAddress::parse(place.address);
  if (!address) return refuse(place, address.error().text);
  LocalListener listener;
  if (address->family != SocketAddress::Family::unix_path) {
    auto socket = bind_to_host(*address);
    if (!socket) return refuse(place, socket.error().text);
    listener.socket_ = *std::move(socket);
    ICM_CHECK(listen_at(listener.socket_, backlog, place, address->text()));
    return listener;
  }
  listener.socket_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto bind = [&](const std::string& path) -> Status {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.data(), std::min(path.size(), sizeof name.sun_path - 1));
    if (::bind(listener.socket_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) !=
        0) {
      return refuse(place, fmt::format("cannot listen at {}: {}", path, reason(errno)));
    }
    return listen_at(listener.socket_, backlog, place, path);
  };
  const std::string option = fmt::format("{}.address", place.section);
  ICM_TRY(listener.file_, SocketFile::put({.path = address->path,
                                           .owner = place.owner,
                                           .group = place.group,
                                           .mode = static_cast<mode_t>(place.mode),
                                           .section = place.section,
                                           .path_option = option,
                                           .group_hint = place.group_hint},
                                          bind));
  return listener;
}

}  // namespace icm
