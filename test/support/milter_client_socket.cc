// SPDX-License-Identifier: Apache-2.0
#include "test/support/milter_client_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/base/deadline.h"
#include "policy/base/text.h"
#include "test/support/milter_client_wire.h"

namespace icm {
namespace {

constexpr std::size_t gathered_octets = 65536;      // as much as a socket buffer likes at once
constexpr std::uint32_t longest_packet = 1u << 20;  // no answer of a filter comes near this

std::string last_error() { return std::strerror(errno); }

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<SocketAddress> unix_address(std::string_view path) {
  SocketAddress address;
  auto& un = reinterpret_cast<sockaddr_un&>(address.storage);
  un.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof un.sun_path) {
    return fail(Code::config, fmt::format("unix:{}: expected a path of 1 to {} octets", path,
                                          sizeof un.sun_path - 1));
  }
  std::copy(path.begin(), path.end(), un.sun_path);
  address.size = sizeof un;
  return address;
}

Result<SocketAddress> inet_address(int family, std::string_view text) {
  const std::size_t at = text.find('@');
  const auto port = parse_number(text.substr(0, at));
  if (!port || *port == 0 || *port > 65535) {
    return fail(Code::config, fmt::format("{}: expected a port from 1 to 65535", text));
  }
  const std::string host(at == text.npos ? (family == AF_INET ? "127.0.0.1" : "::1")
                                         : std::string(text.substr(at + 1)));
  SocketAddress address;
  void* binary = nullptr;
  if (family == AF_INET) {
    auto& in = reinterpret_cast<sockaddr_in&>(address.storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(static_cast<std::uint16_t>(*port));
    binary = &in.sin_addr;
    address.size = sizeof in;
  } else {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(static_cast<std::uint16_t>(*port));
    binary = &in6.sin6_addr;
    address.size = sizeof in6;
  }
  if (inet_pton(family, host.c_str(), binary) != 1) {
    return fail(Code::config, fmt::format("{}: expected a numeric address after @", text));
  }
  return address;
}

Result<SocketAddress> parse_address(std::string_view text) {
  for (const auto& [prefix, family] : {std::pair<std::string_view, int>{"unix:", AF_UNIX},
                                       {"inet:", AF_INET},
                                       {"inet6:", AF_INET6}}) {
    if (!text.starts_with(prefix)) continue;
    const std::string_view rest = text.substr(prefix.size());
    return family == AF_UNIX ? unix_address(rest) : inet_address(family, rest);
  }
  return fail(Code::config,
              fmt::format("{}: expected unix:PATH, inet:PORT@ADDRESS or inet6:PORT@ADDRESS", text));
}

void set_patience(int descriptor, std::chrono::milliseconds patience) {
  timeval tv{};
  tv.tv_sec = patience.count() / 1000;
  tv.tv_usec = (patience.count() % 1000) * 1000;
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

std::array<char, 5> packet_head(char command, std::size_t content) {
  const auto length = static_cast<std::uint32_t>(content + 1);
  return {static_cast<char>(length >> 24), static_cast<char>(length >> 16),
          static_cast<char>(length >> 8), static_cast<char>(length), command};
}

}  // namespace

MilterSocket::MilterSocket(int descriptor, std::chrono::milliseconds patience)
    : descriptor_(descriptor), patience_(patience), input_(4096) {}

MilterSocket::MilterSocket(MilterSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      patience_(other.patience_),
      pending_(std::move(other.pending_)),
      input_(std::move(other.input_)),
      read_(other.read_),
      filled_(other.filled_) {}

MilterSocket& MilterSocket::operator=(MilterSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(patience_, other.patience_);
  std::swap(pending_, other.pending_);
  std::swap(input_, other.input_);
  std::swap(read_, other.read_);
  std::swap(filled_, other.filled_);
  return *this;
}

MilterSocket::~MilterSocket() { close(); }

void MilterSocket::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

Result<MilterSocket> MilterSocket::connect(std::string_view address,
                                           std::chrono::milliseconds patience) {
  ICM_TRY(const SocketAddress target, parse_address(address));
  const int descriptor = ::socket(target.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return fail(Code::temporary, fmt::format("socket: {}", last_error()));
  MilterSocket made(descriptor, patience);
  set_patience(descriptor, patience);
  const int nodelay = 1;
  if (target.storage.ss_family != AF_UNIX) {
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof nodelay);
  }
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&target.storage), target.size) != 0) {
    return fail(Code::temporary, fmt::format("connect {}: {}", address, last_error()));
  }
  return made;
}

Status MilterSocket::send(char command, std::string_view content) {
  const auto head = packet_head(command, content.size());
  if (content.size() + head.size() + pending_.size() < gathered_octets) {
    pending_.append(head.data(), head.size());
    pending_.append(content);
    return {};
  }
  pending_.append(head.data(), head.size());
  const Status written = write_all(pending_, content);
  pending_.clear();
  return written;
}

Status MilterSocket::flush() {
  if (pending_.empty()) return {};
  const Status written = write_all(pending_, {});
  pending_.clear();
  return written;
}

Status MilterSocket::send_raw(std::string_view octets) {
  ICM_CHECK(flush());
  return write_all(octets, {});
}

Status MilterSocket::write_all(std::string_view first, std::string_view second) {
  const Deadline deadline = Deadline::in(patience_);
  while (!first.empty() || !second.empty()) {
    iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                      {const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    const ssize_t written = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(Code::temporary, fmt::format("write to filter: {}", last_error()));
    const std::size_t of_first = std::min(first.size(), static_cast<std::size_t>(written));
    first.remove_prefix(of_first);
    second.remove_prefix(static_cast<std::size_t>(written) - of_first);
    if (deadline.passed() && !(first.empty() && second.empty())) {
      return fail(Code::temporary, "write to filter: not taken in time");
    }
  }
  return {};
}

Status MilterSocket::fill(std::size_t octets) {
  if (filled_ - read_ >= octets) return {};
  std::copy(input_.begin() + static_cast<std::ptrdiff_t>(read_),
            input_.begin() + static_cast<std::ptrdiff_t>(filled_), input_.begin());
  filled_ -= read_;
  read_ = 0;
  if (input_.size() < octets) input_.resize(octets);
  const Deadline deadline = Deadline::in(patience_);
  while (filled_ < octets) {
    const ssize_t got = ::recv(descriptor_, input_.data() + filled_, input_.size() - filled_, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) return fail(Code::temporary, "the filter closed the connection");
    if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
      return fail(Code::temporary, fmt::format("read from filter: {}", last_error()));
    }
    filled_ += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    if (got < 0 || (filled_ < octets && deadline.passed())) {
      return fail(Code::temporary, fmt::format("no answer within {} ms", patience_.count()));
    }
  }
  return {};
}

Result<MilterSocket::Packet> MilterSocket::receive() {
  ICM_CHECK(flush());
  ICM_CHECK(fill(milter_wire::length_octets));
  std::uint32_t length = 0;
  for (std::uint32_t i = 0; i < milter_wire::length_octets; ++i) {
    length = length << 8 | static_cast<unsigned char>(input_[read_ + i]);
  }
  if (length < 1 || length > longest_packet) {
    return fail(Code::permanent,
                fmt::format("packet length: expected 1 to {}, got {}", longest_packet, length));
  }
  read_ += milter_wire::length_octets;
  ICM_CHECK(fill(length));
  Packet packet{.command = input_[read_],
                .content = std::string(input_.data() + read_ + 1, length - 1)};
  read_ += length;
  return packet;
}

bool MilterSocket::closed_within(std::chrono::milliseconds span) {
  const Deadline deadline = Deadline::in(span);
  while (!deadline.passed()) {
    pollfd wait{descriptor_, POLLIN | POLLRDHUP, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left());
    if (::poll(&wait, 1, static_cast<int>(left.count())) <= 0) continue;
    char sink[4096];
    const ssize_t got = ::recv(descriptor_, sink, sizeof sink, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return true;
  }
  return false;
}

}  // namespace icm
