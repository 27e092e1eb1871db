// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/http_probe.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <httplib.h>

namespace icm::ctl::doctor {
namespace {

constexpr std::chrono::seconds longest_step{5};  // connecting, each write, each read
constexpr std::chrono::seconds longest_talk{10};
constexpr std::chrono::milliseconds look_again{100};

// Hangs up when the time is over: httplib bounds each step, and a header that comes octet by octet,
// or never ends, has any number of them.
class Patience {
 public:
  Patience(httplib::Client& client, Deadline deadline)
      : waiting_([&client, deadline](const std::stop_token& done) {
          std::mutex mutex;
          std::condition_variable_any never;
          std::unique_lock lock(mutex);
          never.wait_for(lock, done, deadline.left(), [] { return false; });
          while (!done.stop_requested()) {  // it may be between two connections
            client.stop();
            never.wait_for(lock, done, look_again, [] { return false; });
          }
        }) {}

 private:
  std::jthread waiting_;
};

bool is_of_certificate(httplib::Error error) {
  return error == httplib::Error::SSLServerVerification || error == httplib::Error::SSLConnection ||
         error == httplib::Error::SSLLoadingCerts;
}

Result<HttpAnswer> post(httplib::Client& client, const std::string& path, const std::string& form,
                        Deadline deadline) {
  deadline = deadline.at_most(longest_talk);
  const auto step =
      std::chrono::ceil<std::chrono::milliseconds>(deadline.at_most(longest_step).left());
  client.set_connection_timeout(step);
  client.set_read_timeout(step);
  client.set_write_timeout(step);
  client.set_follow_location(false);
  client.set_keep_alive(false);
  HttpAnswer answer;
  httplib::Request request;
  request.method = "POST";
  request.path = path;
  request.body = form;
  request.set_header("Content-Type", "application/x-www-form-urlencoded");
  // The head is all that is wanted: the body of whoever answers is not read.
  request.response_handler = [&](const httplib::Response& response) {
    answer.status = response.status;
    answer.location = response.get_header_value("Location");
    return false;
  };
  request.content_receiver = [](const char*, std::size_t, std::uint64_t, std::uint64_t) {
    return false;
  };
  httplib::Response response;
  httplib::Error error = httplib::Error::Success;
  {
    const Patience patience(client, deadline);
    client.send(request, response, error);
  }
  if (answer.status != 0) return answer;
  return fail(is_of_certificate(error) ? Code::permanent : Code::temporary,
              httplib::to_string(error));
}

}  // namespace

Result<HttpAnswer> post_to_listener(const SocketAddress& address, const std::string& path,
                                    const std::string& form, Deadline deadline) {
  if (address.family == SocketAddress::Family::unix_path) {
    httplib::Client client(address.path);
    client.set_address_family(AF_UNIX);
    client.set_default_headers({{"Host", "localhost"}});
    return post(client, path, form, deadline);
  }
  httplib::Client client(address.host, address.port);
  return post(client, path, form, deadline);
}

Result<HttpAnswer> post_to_url(const std::string& origin, const std::string& path,
                               const std::string& form, Deadline deadline) {
  httplib::Client client(origin);
  return post(client, path, form, deadline);
}

}  // namespace icm::ctl::doctor
