// SPDX-License-Identifier: Apache-2.0
//
// Lists of milters as Postfix reads them.
#include "milter/ctl/postfix/milter_list.h"

#include <gtest/gtest.h>

namespace icm::ctl::postfix {
namespace {

using Entries = std::vector<MilterEntry>;

TEST(MilterList, has_entries_with_and_without_settings) {
  EXPECT_EQ(parse_milter_list(""), Entries{});
  EXPECT_EQ(parse_milter_list(" , "), Entries{});
  EXPECT_EQ(parse_milter_list("inet:h:1,unix:a/b  unix:c"),
            (Entries{{.endpoint = "inet:h:1", .settings = {}},
                     {.endpoint = "unix:a/b", .settings = {}},
                     {.endpoint = "unix:c", .settings = {}}}));
  EXPECT_EQ(
      parse_milter_list("{ unix:a, default_action=accept, { command_timeout = 3s } }, inet:h:1"),
      (Entries{{.endpoint = "unix:a",
                .settings = {{"default_action", "accept"}, {"command_timeout", "3s"}}},
               {.endpoint = "inet:h:1", .settings = {}}}));
}

TEST(MilterList, takes_whatever_stands_there) {
  EXPECT_EQ(parse_milter_list("{ unix:a, {b"),
            (Entries{{.endpoint = "unix:a", .settings = {{"b", ""}}}}));
  EXPECT_EQ(parse_milter_list("}}, {}, unix:a"),
            (Entries{{.endpoint = "}}", .settings = {}}, {.endpoint = "unix:a", .settings = {}}}));
}

TEST(MilterList, finds_our_daemon_however_it_is_named) {
  struct Case {
    std::string_view entry, daemon;
    bool leads;
  };
  for (const Case& one :
       {Case{"unix:icloud-milter/milter.sock", "unix:/q/icloud-milter/milter.sock", true},
        {"local:/icloud-milter/./milter.sock", "unix:/q/icloud-milter/milter.sock", true},
        {"unix:/q/icloud-milter/milter.sock", "unix:/q/icloud-milter/milter.sock", true},
        {"unix:icloud-milter/milter.sock2", "unix:/q/icloud-milter/milter.sock", false},
        {"inet:127.0.0.1:10", "unix:/q/icloud-milter/milter.sock", false},
        {"inet:127.0.0.1:10", "inet:10@127.0.0.1", true},
        {"inet:localhost:10", "inet:10@127.0.0.1", true},
        {"inet:[::1]:10", "inet6:10@::1", true},
        {"inet:127.0.0.1:100", "inet:10@127.0.0.1", false},
        {"inet:127.0.0.1:10", "inet:10@192.0.2.1", false},
        {"inet:192.0.2.1:10", "inet:10@192.0.2.1", true},
        {"nonsense", "inet:10@192.0.2.1", false}}) {
    const auto daemon = SocketAddress::parse(one.daemon);
    ASSERT_TRUE(daemon) << daemon.error().text;
    EXPECT_EQ(leads_to({.endpoint = std::string(one.entry), .settings = {}}, *daemon, "/q"),
              one.leads)
        << one.entry << " / " << one.daemon;
  }
}

}  // namespace
}  // namespace icm::ctl::postfix
