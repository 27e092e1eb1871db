// SPDX-License-Identifier: Apache-2.0
#include "milter/http_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include <httplib.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "policy/base/deadline.h"
#include "policy/base/text.h"
#include "policy/message/uri.h"

namespace icm {
namespace {

constexpr std::size_t longest_path = 2048;
constexpr std::chrono::milliseconds rest{200};  // after what cannot be mended here

std::optional<IpAddress> peer_of(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
  if (storage.ss_family == AF_INET) {
    const auto& address = reinterpret_cast<const sockaddr_in&>(storage);
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &address.sin_addr, octets.size());
    return IpAddress::v4(octets);
  }
  if (storage.ss_family == AF_INET6) {
    const auto& address = reinterpret_cast<const sockaddr_in6&>(storage);
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), &address.sin6_addr, octets.size());
    return IpAddress::v6(octets);
  }
  return std::nullopt;
}

// A connection as httplib sees it, with an end in time and in octets: its own timeouts begin anew
// with every octet, and it counts neither fields nor what a chunked body adds up to.
class BoundedStream final : public httplib::Stream {
 public:
  BoundedStream(int socket, Deadline deadline, std::size_t octets)
      : socket_(socket), deadline_(deadline), left_(octets) {}

  bool is_readable() const override { return left_ > 0 && wait(POLLIN); }
  bool is_writable() const override { return wait(POLLOUT); }

  ssize_t read(char* to, std::size_t size) override {
    if (begin_ == end_) {
      if (left_ == 0 || !wait(POLLIN)) return -1;
      const ssize_t count =
          ::recv(socket_, buffer_.data(), std::min(buffer_.size(), left_), MSG_DONTWAIT);
      if (count <= 0) return count;
      begin_ = 0;
      end_ = static_cast<std::size_t>(count);
      left_ -= end_;
    }
    const std::size_t count = std::min(size, end_ - begin_);
    std::memcpy(to, buffer_.data() + begin_, count);
    begin_ += count;
    return static_cast<ssize_t>(count);
  }

  ssize_t write(const char* from, std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      if (!wait(POLLOUT)) return -1;
      const ssize_t count = ::send(socket_, from + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count <= 0) return -1;
      done += static_cast<std::size_t>(count);
    }
    return static_cast<ssize_t>(size);
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    const auto peer = peer_of(socket_);
    ip = peer ? peer->text() : "";
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  socket_t socket() const override { return socket_; }

 private:
  bool wait(short events) const {
    pollfd one{.fd = socket_, .events = events, .revents = 0};
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_.left());
      const int ready = ::poll(&one, 1, static_cast<int>(left.count()));
      if (ready > 0) return true;
      if (ready == 0 || errno != EINTR) return false;
    }
  }

  int socket_;
  Deadline deadline_;
  std::size_t left_;
  std::array<char, 4096> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

HttpRequest request_of(const httplib::Request& given) {
  HttpRequest request;
  request.method = given.method;
  request.path = given.path;
  if (auto peer = IpAddress::parse(given.remote_addr)) request.peer = *peer;
  const std::size_t count = given.get_header_value_count("X-Forwarded-For");
  for (std::size_t i = 0; i < count; ++i) {
    request.forwarded_for.push_back(given.get_header_value("X-Forwarded-For", i));
  }
  return request;
}

// RFC 9110 §8.3.1: type and subtype in any case, then parameters.
bool is_urlencoded(std::string_view type) {
  return equal_ascii(trim(type.substr(0, type.find(';'))), "application/x-www-form-urlencoded");
}

// The names and values of application/x-www-form-urlencoded.
std::vector<std::pair<std::string, std::string>> read_form(std::string body) {
  std::replace(body.begin(), body.end(), '+', ' ');
  std::vector<std::pair<std::string, std::string>> form;
  for (const std::string_view pair : split(body, '&')) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    form.emplace_back(percent_decoded(pair.substr(0, equals)),
                      percent_decoded(pair.substr(std::min(equals + 1, pair.size()))));
  }
  return form;
}

void answer(const HttpResponse& response, httplib::Response& to) {
  to.status = response.status;
  to.set_content(response.body, response.type);
  for (const auto& [name, value] : response.headers) to.set_header(name, value);
}

}  // namespace

// One for all threads: after it is made nothing in it changes.
class HttpServer::Parser final : public httplib::Server {
 public:
  Parser(const Limits& limits, const std::vector<std::pair<std::string, std::string>>& fields,
         HttpServer::Handler handler)
      : handler_(std::move(handler)) {
    httplib::Headers headers;
    for (const auto& [name, value] : fields) headers.emplace(name, value);
    set_default_headers(std::move(headers));
    set_payload_max_length(limits.body_octets);
    // httplib finds handlers by regular expressions, whose recursion grows with the path, and reads
    // the bodies of POST alone: all else is answered before that.
    set_pre_routing_handler([this](const httplib::Request& given, httplib::Response& to) {
      if (given.path.size() > longest_path) {
        to.status = 414;
      } else if (given.has_header("Content-Encoding")) {
        to.status = 415;  // httplib would unpack it without a bound; nobody has to pack 26 octets
      } else if (given.has_header("Range")) {
        to.status = 400;  // httplib would send the page once for each range that is asked for
      } else if (given.method != "POST") {
        answer(handler_(request_of(given)), to);
      } else {
        return HandlerResponse::Unhandled;
      }
      return HandlerResponse::Handled;
    });
    Post(".*", [this](const httplib::Request& given, httplib::Response& to) {
      HttpRequest request = request_of(given);
      // RFC 8058 §3.2: multipart/form-data, or application/x-www-form-urlencoded.
      for (const auto& [name, part] : given.files) request.form.emplace_back(name, part.content);
      // httplib mixes what the query says into the same list; what is asked for is in the body.
      if (is_urlencoded(given.get_header_value("Content-Type"))) {
        for (auto& pair : read_form(given.body)) request.form.push_back(std::move(pair));
      }
      answer(handler_(request), to);
    });
    set_exception_handler([](const httplib::Request&, httplib::Response& to, std::exception_ptr) {
      to.status = 500;
    });
  }

  void serve(int socket, const Limits& limits) {
    BoundedStream stream(socket, Deadline::in(limits.deadline),
                         limits.head_octets + limits.body_octets);
    bool is_closed = false;
    process_request(stream, true, is_closed, nullptr);
  }

 private:
  HttpServer::Handler handler_;
};

HttpServer::HttpServer(UniqueFd listener, Limits limits,
                       std::vector<std::pair<std::string, std::string>> fields, Handler handler)
    : listener_(std::move(listener)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      limits_(limits),
      parser_(std::make_unique<Parser>(limits, fields, std::move(handler))) {
  for (int i = 0; i < limits_.connections; ++i) threads_.emplace_back([this] { work(); });
}

HttpServer::~HttpServer() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(stop_.get(), &one, sizeof one);
  for (std::thread& thread : threads_) thread.join();
}

UniqueFd HttpServer::next_connection() {
  const std::scoped_lock lock(waiting_);
  for (;;) {
    std::array<pollfd, 2> waits = {{{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                                    {.fd = listener_.get(), .events = POLLIN, .revents = 0}}};
    const int ready = ::poll(waits.data(), waits.size(), static_cast<int>(limits_.pulse.count()));
    pulses_.fetch_add(1, std::memory_order_relaxed);
    if (ready <= 0) continue;
    if (waits[0].revents != 0) return UniqueFd();
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) return socket;
    const bool is_passing = errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
    if (!is_passing) {  // no descriptors: somebody has to let go of one first
      (void)::poll(waits.data(), 1, static_cast<int>(rest.count()));
    }
  }
}

void HttpServer::work() noexcept {
  for (;;) {
    const UniqueFd socket = next_connection();
    if (!socket) return;
    try {
      parser_->serve(socket.get(), limits_);
    } catch (...) {  // no memory: this client is let go
    }
    // What was sent and not read would make the kernel take the answer back (RFC 9112 §9.6).
    ::shutdown(socket.get(), SHUT_WR);
    std::array<char, 4096> rest_of_it;
    for (int i = 0; i < 16; ++i) {
      if (::recv(socket.get(), rest_of_it.data(), rest_of_it.size(), MSG_DONTWAIT) <= 0) break;
    }
  }
}

}  // namespace icm
