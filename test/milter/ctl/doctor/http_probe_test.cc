// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/http_probe.h"

#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "milter/host_socket.h"
#include "milter/http_server.h"
#include "test/milter/ctl/doctor/doctor_fixture.h"

namespace icm::ctl::doctor {
namespace {

// A web server on some port of loopback that gives one answer.
class DoctorAtThePage : public DoctorTest {
 protected:
  void serve(HttpResponse answer) {
    for (int port = 20000; port < 60000 && !server_; port += 37) {
      address_ = "inet:" + std::to_string(port) + "@127.0.0.1";
      auto socket = bind_to_host(SocketAddress::parse(address_).value());
      if (!socket || ::listen(socket->get(), 8) != 0) continue;
      server_ = std::make_unique<HttpServer>(*std::move(socket), HttpServer::Limits{},
                                             std::vector<std::pair<std::string, std::string>>{},
                                             [this, answer](const HttpRequest& request) {
                                               asked_ = request;
                                               return answer;
                                             });
    }
    ASSERT_TRUE(server_);
    config_["unsubscribe"] = {{"url", "https://page.corp.example/unsubscribe"},
                              {"endpoint", {{"address", address_}}}};
  }

  std::string address_;
  HttpRequest asked_;
  std::unique_ptr<HttpServer> server_;
};

using Ids = std::set<std::string>;

TEST_F(DoctorAtThePage, sends_a_one_click_post_with_a_token_that_is_nobodys) {
  serve({.status = 404, .body = "no such page", .headers = {}});
  EXPECT_EQ(ids("unsubscribe"), Ids{"unsubscribe.answers"});
  EXPECT_EQ(asked_.method, "POST");
  EXPECT_EQ(asked_.path, "/unsubscribe/doctor");
  const std::vector<std::pair<std::string, std::string>> form = {{"List-Unsubscribe", "One-Click"}};
  EXPECT_EQ(asked_.form, form);
}

TEST_F(DoctorAtThePage, follows_no_redirect_and_says_where_it_leads) {
  serve({.status = 301, .body = "", .headers = {{"Location", "https://elsewhere.example/"}}});
  const auto found = findings("unsubscribe");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front()["id"], "unsubscribe.redirects");
  EXPECT_EQ(found.front()["found"], "301 leads to https://elsewhere.example/");
}

TEST_F(DoctorAtThePage, knows_another_page_and_none_at_all) {
  serve({.status = 200, .body = "Welcome", .headers = {}});
  EXPECT_EQ(ids("unsubscribe"), Ids{"unsubscribe.other-answer"});
  server_.reset();
  EXPECT_EQ(ids("unsubscribe"), Ids{"unsubscribe.silent"});
}

// A header without an end, a line at a time: each read is answered in time.
TEST(DoctorHttpProbe, hangs_up_on_who_never_comes_to_an_end) {
  SocketAddress address;
  UniqueFd listening;
  for (std::uint16_t port = 20011; port < 60000 && !listening; port += 37) {
    address = SocketAddress::parse("inet:" + std::to_string(port) + "@127.0.0.1").value();
    auto socket = bind_to_host(address);
    if (socket && ::listen(socket->get(), 1) == 0) listening = *std::move(socket);
  }
  ASSERT_TRUE(listening);
  const std::jthread server([&] {
    const UniqueFd client(::accept(listening.get(), nullptr, nullptr));
    std::string_view line = "HTTP/1.1 404 Not Found\r\n";
    for (int i = 0; i < 200; ++i) {
      if (::send(client.get(), line.data(), line.size(), MSG_NOSIGNAL) < 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
      line = "X-More: of the same\r\n";
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto answer =
      post_to_listener(address, "/", "a=b", Deadline::in(std::chrono::milliseconds{300}));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{5});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::temporary);
}

}  // namespace
}  // namespace icm::ctl::doctor
