// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/mail_server.h"

#include <gtest/gtest.h>

namespace icm::ctl::doctor {
namespace {

using std::chrono::seconds;

TEST(DoctorMailServer, takes_a_route_apart) {
  EXPECT_EQ(parse_route("icloud-gate:[127.0.0.1]:10027").transport, "icloud-gate");
  EXPECT_EQ(parse_route("icloud-gate:[127.0.0.1]:10027").next_hop, "[127.0.0.1]:10027");
  EXPECT_EQ(parse_route("icloud-out:").next_hop, "");
  EXPECT_EQ(parse_route("smtp").text(), "smtp:");
  EXPECT_EQ(parse_route("").transport, "");
}

TEST(DoctorMailServer, knows_tables_that_are_never_asked_for_a_domain) {
  for (const char* table : {"regexp:/etc/postfix/r", "pcre:{{/x/ y}}", "tcp:127.0.0.1:1234",
                            "proxy:socketmap:unix:routes.sock:icloud", "cidr:/etc/postfix/c",
                            "unionmap:{ pcre:/etc/postfix/p,hash:/etc/postfix/h}"}) {
    EXPECT_TRUE(takes_whole_addresses_only(table)) << table;
  }
  for (const char* table :
       {"hash:/etc/postfix/regexp:", "inline:{ {icloud.com=tcp:x} }", "static:x",
        "proxy:mysql:/etc/postfix/m", "pipemap:{hash:/h,regexp:/r}", ""}) {
    EXPECT_FALSE(takes_whole_addresses_only(table)) << table;
  }
}

TEST(DoctorMailServer, reads_times_as_postfix_writes_them) {
  EXPECT_EQ(parse_postfix_time("300s"), seconds{300});
  EXPECT_EQ(parse_postfix_time("5m"), seconds{300});
  EXPECT_EQ(parse_postfix_time(" 30 "), seconds{30});
  EXPECT_EQ(parse_postfix_time("1d"), seconds{86400});
  for (const char* nonsense : {"", "m", "5x", "-5s", "$other", "99999999999999999999s"}) {
    EXPECT_EQ(parse_postfix_time(nonsense), std::nullopt) << nonsense;
  }
}

TEST(DoctorMailServer, finds_the_listener_that_a_next_hop_leads_to) {
  const std::vector<postfix::Service> services = {{.name = "smtp",
                                                   .type = "inet",
                                                   .chroot = "-",
                                                   .command = "smtpd",
                                                   .arguments = {},
                                                   .overrides = {}},
                                                  {.name = "127.0.0.1:10027",
                                                   .type = "inet",
                                                   .chroot = "-",
                                                   .command = "smtpd",
                                                   .arguments = {},
                                                   .overrides = {}},
                                                  {.name = "10028",
                                                   .type = "inet",
                                                   .chroot = "-",
                                                   .command = "smtpd",
                                                   .arguments = {},
                                                   .overrides = {}},
                                                  {.name = "192.0.2.1:10029",
                                                   .type = "inet",
                                                   .chroot = "-",
                                                   .command = "smtpd",
                                                   .arguments = {},
                                                   .overrides = {}}};
  std::vector<postfix::Listener> listeners(services.size());
  for (std::size_t i = 0; i < services.size(); ++i) listeners[i].service = &services[i];
  const auto at = [&](std::string_view next_hop) {
    const postfix::Listener* const found = MailServer::listener_at(listeners, next_hop);
    return found == nullptr ? std::string() : found->service->name;
  };
  EXPECT_EQ(at("[127.0.0.1]:10027"), "127.0.0.1:10027");
  EXPECT_EQ(at("localhost:10027"), "127.0.0.1:10027");
  EXPECT_EQ(at("[127.0.0.1]:10028"), "10028");
  EXPECT_EQ(at("192.0.2.1:10029"), "192.0.2.1:10029");
  EXPECT_EQ(at("[127.0.0.1]:10029"), "");
  EXPECT_EQ(at("[192.0.2.9]:10027"), "");
  EXPECT_EQ(at("[127.0.0.1]"), "");
  EXPECT_EQ(at(""), "");
}

}  // namespace
}  // namespace icm::ctl::doctor
