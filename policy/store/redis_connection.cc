// SPDX-License-Identifier: Apache-2.0
//
// The sockets are ours and never block, rather than hiredis's: its timeout is one for each read, so
// that a server which sends an octet a second would hold a message for hours.
#include "policy/store/redis_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "policy/base/text.h"

namespace icm {
namespace {

std::string in_words(int error) { return std::generic_category().message(error); }

struct SocketName {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

template <class Address>
SocketName named(const Address& address) {
  SocketName name;
  std::memcpy(&name.storage, &address, sizeof address);
  name.length = sizeof address;
  return name;
}

SocketName socket_name(const RedisAddress& server) {
  if (!server.address) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t length = std::min(server.path.size(), sizeof address.sun_path - 1);
    std::memcpy(address.sun_path, server.path.data(), length);
    return named(address);
  }
  const std::uint16_t port = htons(server.port.value_or(RedisAddress::default_port));
  const auto& octets = server.address->octets();
  if (server.address->is_v4()) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = port;
    std::memcpy(&address.sin_addr, octets.data(), sizeof address.sin_addr);
    return named(address);
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = port;
  std::memcpy(&address.sin6_addr, octets.data(), sizeof address.sin6_addr);
  return named(address);
}

// What of `events` has come to pass by `deadline`; 0: nothing.
short wait_for(int socket, short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left());
    pollfd waiting{.fd = socket, .events = events, .revents = 0};
    const int ready =
        ::poll(&waiting, 1,
               static_cast<int>(std::min<std::int64_t>(left.count(), std::int64_t{3600} * 1000)));
    if (ready > 0) return waiting.revents;
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0 || deadline.passed()) return 0;
  }
}

Result<UniqueFd> connect_to(const RedisAddress& server, Deadline deadline) {
  const SocketName name = socket_name(server);
  UniqueFd socket(::socket(name.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) {
    return fail(Code::temporary, fmt::format("no socket: {}", in_words(errno)));
  }
  if (server.address) {
    const int yes = 1;
    (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  const auto* address = reinterpret_cast<const sockaddr*>(&name.storage);
  if (::connect(socket.get(), address, name.length) == 0) return socket;
  // A unix socket whose queue is full says EAGAIN and cannot be waited for.
  if (errno != EINPROGRESS) {
    return fail(Code::temporary, fmt::format("cannot connect: {}", in_words(errno)));
  }
  if (wait_for(socket.get(), POLLOUT, deadline) == 0) {
    return fail(Code::temporary, "cannot connect: no answer in time");
  }
  int error = 0;
  socklen_t length = sizeof error;
  (void)::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error == 0) return socket;
  return fail(Code::temporary, fmt::format("cannot connect: {}", in_words(error)));
}

}  // namespace

Result<RedisConnection> RedisConnection::open(const RedisAddress& address, const RedisLogin& login,
                                              Deadline deadline) {
  const std::string name = address.text();
  auto socket = connect_to(address, deadline);
  if (!socket) return fail_at(name, socket.error());
  auto reader = RedisReplyReader::make();
  if (!reader) return fail_at(name, reader.error());
  RedisConnection connection(name, *std::move(socket), *std::move(reader));
  ICM_CHECK(connection.log_in(login, deadline));
  return connection;
}

Status RedisConnection::log_in(const RedisLogin& login, Deadline deadline) {
  if (login.password.empty()) return {};
  RedisCommand command{"AUTH"};
  if (!login.user.empty()) command.push_back(login.user);
  command.push_back(login.password);
  ICM_TRY(const std::vector<RedisReply> replies, exchange({std::move(command)}, deadline));
  if (replies[0].kind == RedisReply::Kind::status) return {};
  const bool is_loading = replies[0].is_error("LOADING");
  return fail(is_loading ? Code::temporary : Code::config,
              fmt::format("{}: does not let us log in: {}", name_, to_string(replies[0])));
}

Status RedisConnection::send_some(std::string_view& octets) {
  const ssize_t sent = ::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
  if (sent >= 0) {
    octets.remove_prefix(static_cast<std::size_t>(sent));
    return {};
  }
  if (errno == EAGAIN || errno == EINTR) return {};
  return fail(Code::temporary, fmt::format("{}: cannot send: {}", name_, in_words(errno)));
}

Status RedisConnection::receive_some() {
  std::array<char, 65536> octets;
  const ssize_t received = ::recv(socket_.get(), octets.data(), octets.size(), 0);
  if (received > 0) {
    const Status fed = reader_.feed({octets.data(), static_cast<std::size_t>(received)});
    if (!fed) return fail_at(name_, fed.error());
    return {};
  }
  if (received == 0) return fail(Code::temporary, fmt::format("{}: closed the connection", name_));
  if (errno == EAGAIN || errno == EINTR) return {};
  return fail(Code::temporary, fmt::format("{}: cannot receive: {}", name_, in_words(errno)));
}

Result<std::vector<RedisReply>> RedisConnection::exchange(const std::vector<RedisCommand>& commands,
                                                          Deadline deadline) {
  std::string request;
  for (const RedisCommand& command : commands) {
    ICM_TRY(const std::string octets, encode(command));
    request += octets;
  }
  std::string_view unsent = request;
  std::vector<RedisReply> replies;
  while (replies.size() < commands.size()) {
    // Also while sending: a server that cannot get rid of its replies takes no more commands.
    const short events = static_cast<short>(unsent.empty() ? POLLIN : POLLIN | POLLOUT);
    const short ready = wait_for(socket_.get(), events, deadline);
    if (ready == 0) {
      return fail(Code::temporary, fmt::format("{}: no answer in time", name_));
    }
    if ((ready & POLLOUT) != 0) ICM_CHECK(send_some(unsent));
    if ((ready & ~POLLOUT) == 0) continue;
    ICM_CHECK(receive_some());
    while (replies.size() < commands.size()) {
      auto reply = reader_.next();
      if (!reply) return fail_at(name_, reply.error());
      if (!*reply) break;
      replies.push_back(**std::move(reply));
    }
  }
  return replies;
}

bool RedisConnection::is_quiet() const {
  pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  return reader_.is_empty() && ::poll(&waiting, 1, 0) == 0;
}

}  // namespace icm
