// SPDX-License-Identifier: Apache-2.0
#include "test/support/hostile_redis.h"

#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace icm {
namespace {

constexpr int look_around = 10;  // milliseconds until it is seen that the test has ended

bool is_readable(int socket) {
  pollfd waiting{.fd = socket, .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, look_around) > 0;
}

}  // namespace

HostileRedis::HostileRedis(std::string answer, Afterwards afterwards,
                           std::chrono::milliseconds pause)
    : answer_(std::move(answer)), afterwards_(afterwards), pause_(pause) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* name = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, name, length) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, name, &length) != 0) {
    throw std::runtime_error("no socket to listen on");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

HostileRedis::~HostileRedis() {
  is_ending_ = true;
  thread_.join();
  ::close(listener_);
}

RedisAddress HostileRedis::address() const {
  return RedisAddress::parse(fmt::format("127.0.0.1:{}", port_)).value();
}

void HostileRedis::serve() {
  while (!is_ending_) {
    if (!is_readable(listener_)) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    ++connections_;
    answer(connection);
    ::close(connection);
  }
}

void HostileRedis::answer(int connection) {
  char octets[4096];
  while (!is_ending_ && !is_readable(connection)) {
  }
  if (::recv(connection, octets, sizeof octets, 0) <= 0) return;
  if (pause_.count() == 0) {
    std::size_t sent = 0;
    while (sent < answer_.size() && !is_ending_) {
      const auto n = ::send(connection, answer_.data() + sent, answer_.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<std::size_t>(n);
    }
  } else {
    for (const char octet : answer_) {
      if (is_ending_ || ::send(connection, &octet, 1, MSG_NOSIGNAL) != 1) return;
      std::this_thread::sleep_for(pause_);
    }
  }
  if (afterwards_ == Afterwards::close) return;
  // Until the other side has had enough.
  while (!is_ending_) {
    if (is_readable(connection) && ::recv(connection, octets, sizeof octets, 0) <= 0) return;
  }
}

}  // namespace icm
