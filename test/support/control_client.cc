// SPDX-License-Identifier: Apache-2.0
#include "test/support/control_client.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

namespace icm {

ControlClient::ControlClient(const std::string& path)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("nobody listens at " + path);
  }
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

std::size_t ControlClient::send(std::string_view octets) const {
  std::size_t sent = 0;
  while (sent < octets.size()) {
    const ssize_t count =
        ::send(socket_.get(), octets.data() + sent, octets.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) break;
    sent += static_cast<std::size_t>(count);
  }
  return sent;
}

void ControlClient::finish() const { ::shutdown(socket_.get(), SHUT_WR); }

std::string ControlClient::read_all() const {
  std::string text;
  std::array<char, 4096> octets;
  for (;;) {
    const ssize_t count = ::recv(socket_.get(), octets.data(), octets.size(), 0);
    if (count < 0 && errno == EAGAIN) throw std::runtime_error("no end came after: " + text);
    if (count <= 0) return text;  // closed, perhaps with octets of ours unread
    text.append(octets.data(), static_cast<std::size_t>(count));
  }
}

std::string ask_control(const std::string& path, std::string_view request) {
  const ControlClient client(path);
  client.send(request);
  return client.read_all();
}

}  // namespace icm
