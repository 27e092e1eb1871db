// SPDX-License-Identifier: Apache-2.0
//
// HttpServer: a few HTTP requests at a time from a web server on this host. cpp-httplib reads
// requests and writes answers; connections, their time and their octets are counted here.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "policy/base/ip_address.h"
#include "policy/base/result.h"
#include "policy/base/unique_fd.h"

namespace icm {

struct HttpRequest {
  std::string method;
  std::string path;                                       // decoded, without the query
  std::optional<IpAddress> peer;                          // absent: over a unix socket
  std::vector<std::string> forwarded_for;                 // X-Forwarded-For, field by field
  std::vector<std::pair<std::string, std::string>> form;  // of a POST: names and values
};

struct HttpResponse {
  int status = 200;
  std::string body;
  std::string type = "text/html; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;
};

// One request a connection. Whoever is slow, sends too much or too many fields is let go; all that
// is held per connection is bounded.
class HttpServer {
 public:
  struct Limits {
    int connections = 64;               // served at once; further ones wait in the kernel
    std::chrono::seconds deadline{10};  // for the whole of a request and its answer
    std::size_t head_octets = 16384;    // the request line and all fields
    std::size_t body_octets = 8192;
    std::chrono::milliseconds pulse{-1};  // of a server without work; negative: none
  };

  // Called from many threads; must not throw for what can happen.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  // Begins to serve. `listener` is a listening socket that does not block. `fields` are added to
  // every answer, also to those made for requests that cannot be read.
  HttpServer(UniqueFd listener, Limits limits,
             std::vector<std::pair<std::string, std::string>> fields, Handler handler);

  // Takes no more connections, ends the requests it has within their deadline.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Grows as long as somebody takes connections: with each of them, and with each pulse in between.
  // It stands while every thread has a request in hand, each for no longer than its deadline.
  std::uint64_t pulses() const { return pulses_.load(std::memory_order_relaxed); }

 private:
  class Parser;
  void work() noexcept;
  UniqueFd next_connection();

  UniqueFd listener_;
  UniqueFd stop_;
  Limits limits_;
  std::unique_ptr<Parser> parser_;
  std::atomic<std::uint64_t> pulses_{0};
  std::mutex waiting_;  // of the threads without work one waits for a connection
  std::vector<std::thread> threads_;
};

}  // namespace icm
