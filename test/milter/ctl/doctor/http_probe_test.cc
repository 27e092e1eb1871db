// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/http_probe.h"

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

}  // namespace
}  // namespace icm::ctl::doctor
