// SPDX-License-Identifier: Apache-2.0
#include "test/support/hostile_name_server.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/base/text.h"
#include "test/support/dns_wire.h"

namespace icm {
namespace {

using namespace dns_wire;

using Time = std::chrono::steady_clock;

constexpr int poll_interval = 5;  // milliseconds

std::string address_record(unsigned last_octet) {
  return record(number(name_of_question), 1,
                {'\xc0', '\x00', '\x02', static_cast<char>(last_octet)});
}

std::string good(const Question& question) {
  const bool has_it = question.type == 1;
  return header(question, is_answer, has_it ? 1 : 0) + question.text +
         (has_it ? address_record(1) : "");
}

bool is_for_tcp(std::string_view name) {
  for (const std::string_view word : {"onlytcp", "deadtcp", "cuttcp", "halftcp", "huge"}) {
    if (name.starts_with(word)) return true;
  }
  return false;
}

// "late600.example" of "sel._domainkey.late600.example": where a word may stand.
std::string_view from_word(std::string_view name) {
  std::string_view rest = name;
  const auto underscore = rest.rfind('_');
  if (underscore != std::string_view::npos && rest.find('.', underscore) != std::string_view::npos)
    rest.remove_prefix(rest.find('.', underscore) + 1);
  return rest;
}

// The name after "x._domainkey.chain7.example": "x._domainkey.chain8.example".
std::string next_in_chain(const std::string& name) {
  constexpr std::string_view word = "chain";
  const std::size_t begin = name.size() - from_word(name).size() + word.size();
  const std::size_t end = name.find('.', begin);
  const auto number = parse_number(std::string_view(name).substr(begin, end - begin)).value_or(0);
  return dns_wire::name(fmt::format("{}{}{}", name.substr(0, begin), number + 1, name.substr(end)));
}

std::string honest(const Question& question, ZoneResolver* zone) {
  const auto type = record_type(question.type);
  if (zone == nullptr || !type) return good(question);
  return message(question, zone->query(question.name, *type, Deadline::in(std::chrono::hours{1})));
}

// Empty: nothing is sent.
std::string datagram_for(const Question& question, ZoneResolver* zone) {
  const std::string_view name = from_word(question.name);
  const std::string& text = question.text;
  if (name.starts_with("silent")) return {};
  if (name.starts_with("garbage")) return std::string(200, '\xa5');
  if (name.starts_with("short")) return good(question).substr(0, header_size + text.size() / 2);
  if (name.starts_with("wrongid")) {
    Question other = question;
    other.id[0] = static_cast<char>(other.id[0] ^ 0x55);
    return good(other);
  }
  if (name.starts_with("wrongname")) {
    Question other = question;
    other.text[1] = 'x';
    return good(other);
  }
  if (name.starts_with("aside")) {
    return header(question, is_answer, 1) + text +
           record(std::string("\x05other\x07"
                              "example\x00",
                              15),
                  1, {'\xc0', 0, 2, 66});
  }
  if (name.starts_with("badrdata")) {
    return header(question, is_answer, 1) + text +
           record(number(name_of_question), question.type, {'\xc0', 0, 2});
  }
  if (name.starts_with("knot")) {
    const auto at = static_cast<unsigned>(header_size + text.size());
    return header(question, is_answer, 1) + text +
           record(number(0xc000 | at), 1, {'\xc0', 0, 2, 1});
  }
  if (name.starts_with("loop")) {
    return header(question, is_answer, 1) + text +
           record(number(name_of_question), cname, number(name_of_question));
  }
  if (name.starts_with("chain")) {
    return header(question, is_answer, 1) + text +
           record(number(name_of_question), cname, next_in_chain(question.name));
  }
  if (name.starts_with("servfail")) return header(question, is_answer | 2, 0) + text;
  if (name.starts_with("notimp")) return header(question, is_answer | 4, 0) + text;
  if (name.starts_with("refused")) return header(question, is_answer | 5, 0) + text;
  if (is_for_tcp(name)) return header(question, is_answer | is_truncated, 0) + text;
  return honest(question, zone);
}

std::string huge(const Question& question) {
  constexpr unsigned records = 3000;
  const bool is_text = record_type(question.type) == RecordType::txt;
  std::string message = header(question, is_answer, records) + question.text;
  for (unsigned i = 0; i < records; ++i) {
    const std::string one = is_text ? fmt::format("\x05{:05}", i)
                                    : std::string{'\xc0', '\x00', static_cast<char>(i >> 8),
                                                  static_cast<char>(i & 0xff)};
    message += record(number(name_of_question), is_text ? question.type : 1, one);
  }
  return message;
}

// "late600.example" is 600 ms late.
std::chrono::milliseconds lateness(std::string_view question) {
  const std::string_view name = from_word(question);
  constexpr std::string_view word = "late";
  if (!name.starts_with(word)) return {};
  const std::string_view digits = name.substr(word.size(), name.find('.') - word.size());
  return std::chrono::milliseconds{parse_number(digits).value_or(0)};
}

using Afterwards = HostileNameServer::Afterwards;

Afterwards answer_stream(int connection, const Question& question, ZoneResolver* zone) {
  const std::string_view name = from_word(question.name);
  if (name.starts_with("cuttcp")) return Afterwards::close;
  if (name.starts_with("deadtcp")) return Afterwards::keep;
  const std::string message = name.starts_with("huge") ? huge(question) : honest(question, zone);
  std::string framed = number(static_cast<unsigned>(message.size())) + message;
  if (name.starts_with("halftcp")) framed.resize(framed.size() / 2);
  for (std::string_view left = framed; !left.empty();) {
    const ssize_t sent = ::send(connection, left.data(), left.size(), MSG_NOSIGNAL);
    if (sent <= 0) return Afterwards::close;
    left.remove_prefix(static_cast<std::size_t>(sent));
  }
  return name.starts_with("halftcp") ? Afterwards::ignore : Afterwards::keep;
}

}  // namespace

HostileNameServer::HostileNameServer(std::string_view zone, std::chrono::milliseconds lateness)
    : lateness_(lateness) {
  if (!zone.empty()) {
    auto parsed = ZoneResolver::parse(zone);
    if (!parsed) throw std::runtime_error(parsed.error().text);
    zone_.emplace(*std::move(parsed));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (::bind(tcp_, raw, size) != 0 || ::getsockname(tcp_, raw, &size) != 0 ||
      ::listen(tcp_, 128) != 0 || ::bind(udp_, raw, size) != 0) {
    throw std::runtime_error("no port for a name server");
  }
  const int room = 4 << 20;  // for a burst of questions
  ::setsockopt(udp_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  port_ = ntohs(address.sin_port);
  udp_thread_ = std::thread([this] { serve_datagrams(); });
  tcp_thread_ = std::thread([this] { serve_connections(); });
}

HostileNameServer::~HostileNameServer() {
  is_ending_ = true;
  udp_thread_.join();
  tcp_thread_.join();
  ::close(udp_);
  ::close(tcp_);
}

NameServer HostileNameServer::address() const {
  return {.address = IpAddress::v4({127, 0, 0, 1}), .port = port_, .interface = {}};
}

std::vector<HostileNameServer::Wait> HostileNameServer::waits() {
  const std::scoped_lock lock(mutex_);
  return waits_;
}

std::size_t most_at_once(const std::vector<HostileNameServer::Wait>& waits) {
  std::size_t most = 0;
  for (const auto& one : waits) {
    const auto open = std::ranges::count_if(waits, [&](const auto& other) {
      return other.asked <= one.asked && one.asked < other.answered;
    });
    most = std::max(most, static_cast<std::size_t>(open));
  }
  return most;
}

// Of intervals, the one that ends first leaves most room for others.
std::size_t most_in_a_row(std::vector<HostileNameServer::Wait> waits) {
  std::ranges::sort(waits, {}, &HostileNameServer::Wait::answered);
  std::size_t count = 0;
  Time::time_point last{};
  for (const auto& wait : waits) {
    if (wait.asked < last) continue;
    last = wait.answered;
    ++count;
  }
  return count;
}

int HostileNameServer::count(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  return counts_[name];
}

HostileNameServer::Wait& HostileNameServer::note(const Question& question) {
  const auto same = std::ranges::find_if(waits_, [&](const Wait& wait) {
    return wait.name == question.name && wait.type == question.type;
  });
  if (same != waits_.end()) return *same;
  const Time::time_point now = Time::now();
  return waits_.emplace_back(
      Wait{question.name, question.type, now, now + lateness_ + lateness(question.name)});
}

void HostileNameServer::serve_datagrams() {
  struct Late {
    sockaddr_in to;
    std::string message;
  };
  std::multimap<Time::time_point, Late> late;
  while (!is_ending_) {
    for (; !late.empty() && late.begin()->first <= Time::now(); late.erase(late.begin())) {
      const auto& [to, message] = late.begin()->second;
      ::sendto(udp_, message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&to),
               sizeof to);
    }
    pollfd ready{.fd = udp_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, poll_interval) <= 0) continue;
    std::array<char, 4096> buffer{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t received = ::recvfrom(udp_, buffer.data(), buffer.size(), 0,
                                        reinterpret_cast<sockaddr*>(&from), &size);
    if (received <= 0) continue;
    const auto question = read_question({buffer.data(), static_cast<std::size_t>(received)});
    if (!question) continue;
    const std::string message = datagram_for(*question, zone());
    const std::scoped_lock lock(mutex_);
    ++counts_[question->name];
    const Time::time_point answered = note(*question).answered;
    if (!message.empty()) late.emplace(answered, Late{from, message});
  }
}

// Questions may follow one another before their answers have come (RFC 7766 §6.2.1.1).
Afterwards HostileNameServer::serve_stream(int connection, std::string& received) {
  std::array<char, 4096> buffer{};
  const ssize_t size = ::recv(connection, buffer.data(), buffer.size(), 0);
  if (size <= 0) return Afterwards::close;
  received.append(buffer.data(), static_cast<std::size_t>(size));
  while (received.size() >= 2) {
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(received[0]) << 8 |
                                                 static_cast<unsigned char>(received[1]));
    if (received.size() < 2 + length) break;
    const auto question = read_question(std::string_view(received).substr(2, length));
    received.erase(0, 2 + length);
    if (!question) return Afterwards::close;
    const Afterwards afterwards = answer_stream(connection, *question, zone());
    if (afterwards != Afterwards::keep) return afterwards;
  }
  return Afterwards::keep;
}

void HostileNameServer::serve_connections() {
  std::map<int, std::string> connections;
  std::vector<int> ignored;
  while (!is_ending_) {
    std::vector<pollfd> ready = {{.fd = tcp_, .events = POLLIN, .revents = 0}};
    for (const auto& [fd, received] : connections) {
      ready.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    }
    if (::poll(ready.data(), ready.size(), poll_interval) <= 0) continue;
    if (ready[0].revents != 0) {
      const int fd = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) connections[fd];
    }
    for (std::size_t i = 1; i < ready.size(); ++i) {
      const int fd = ready[i].fd;
      if (ready[i].revents == 0) continue;
      const Afterwards afterwards = serve_stream(fd, connections[fd]);
      if (afterwards == Afterwards::keep) continue;
      connections.erase(fd);
      if (afterwards == Afterwards::ignore) {
        ignored.push_back(fd);
      } else {
        ::close(fd);
      }
    }
  }
  for (const auto& [fd, received] : connections) ::close(fd);
  for (const int fd : ignored) ::close(fd);
}

}  // namespace icm
