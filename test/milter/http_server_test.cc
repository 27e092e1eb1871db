// SPDX-License-Identifier: Apache-2.0
//
// Whether a server shows that it moves, and shows nothing while it does not: what the service
// manager's watchdog rests on.
#include "milter/http_server.h"

#include <chrono>
#include <future>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace icm {
namespace {

using namespace std::chrono_literals;

// A listening socket in no file, and somebody who connects to it.
class AbstractPlace {
 public:
  AbstractPlace() : listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un any{.sun_family = AF_UNIX, .sun_path = {}};
    ::bind(listener.get(), reinterpret_cast<sockaddr*>(&any), sizeof any.sun_family);
    ::listen(listener.get(), 4);
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&name_), &size_);
  }
  UniqueFd connected(std::string_view request) const {
    UniqueFd client(::socket(AF_UNIX, SOCK_STREAM, 0));
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&name_), size_), 0);
    EXPECT_EQ(::send(client.get(), request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
    return client;
  }
  UniqueFd listener;

 private:
  sockaddr_un name_{};
  socklen_t size_ = sizeof name_;
};

bool moves(const HttpServer& server, std::chrono::milliseconds within) {
  const std::uint64_t before = server.pulses();
  const auto end = std::chrono::steady_clock::now() + within;
  while (server.pulses() == before) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

TEST(HttpServer, shows_that_it_moves_unless_every_thread_is_held_up) {
  AbstractPlace place;
  std::promise<void> begun;
  std::promise<void> may_answer;
  auto answered = may_answer.get_future().share();
  HttpServer::Limits limits;
  limits.connections = 1;
  limits.pulse = 5ms;
  const HttpServer server(std::move(place.listener), limits, {}, [&](const HttpRequest&) {
    begun.set_value();
    answered.wait();
    return HttpResponse{.status = 204, .body = {}, .headers = {}};
  });
  EXPECT_TRUE(moves(server, 60s));
  EXPECT_TRUE(moves(server, 60s));
  const UniqueFd client = place.connected("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  begun.get_future().wait();
  EXPECT_FALSE(moves(server, 300ms));
  may_answer.set_value();
  EXPECT_TRUE(moves(server, 60s));
}

TEST(HttpServer, wakes_for_nobody_where_nobody_watches) {
  AbstractPlace place;
  const HttpServer server(std::move(place.listener), {}, {},
                          [](const HttpRequest&) { return HttpResponse(); });
  EXPECT_FALSE(moves(server, 300ms));
}

}  // namespace
}  // namespace icm
