// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/routes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "test/support/temporary_directory.h"

namespace icm::ctl::postfix {
namespace {

constexpr std::chrono::seconds patience{20};

TEST(PostfixFilters, go_before_the_tables) {
  Configuration configuration;
  configuration.services = *read_services(
      "smtp inet n - n - - smtpd\n192.0.2.25:10025 inet n - n - - smtpd\nfilter unix - - n - - "
      "smtp\nprogram unix - - n - - pipe\n");
  const auto way = [&](std::string_view content_filter) {
    return way_of_filter(configuration, content_filter);
  };
  for (const char* none : {"", "program:dummy", "nowhere:[127.0.0.1]:10024"}) {
    EXPECT_EQ(way(none), FilterWay::none) << none;
  }
  for (const char* here :
       {"filter:[127.0.0.1]:10024", "filter:localhost:10024", "filter:[::1]:10024",
        "filter:unix:/run/filter", "filter:inet:127.0.0.1:24", "filter:[192.0.2.25]:10025",
        "filter:[127.0.0.1]", "filter:localhost"}) {
    EXPECT_EQ(way(here), FilterWay::back_here) << here;
  }
  for (const char* there : {"filter:[192.0.2.7]:10024", "filter:relay.example", "filter:[relay]"}) {
    EXPECT_EQ(way(there), FilterWay::elsewhere) << there;
  }
  EXPECT_EQ(way("filter:"), FilterWay::recipient);
  EXPECT_EQ(way("filter"), FilterWay::recipient);
  configuration.parameters["default_filter_nexthop"] = "[127.0.0.1]:10024";
  EXPECT_EQ(way("filter:"), FilterWay::back_here);
}

// An instance that does not run, with these tables.
class PostfixTables : public testing::Test {
 protected:
  void SetUp() override {
    if (::access("/usr/sbin/postmap", X_OK) != 0) GTEST_SKIP() << "there is no Postfix here";
  }

  void use(const std::string& transport_maps, std::string_view more = "") {
    directory_.write("main.cf", fmt::format("compatibility_level = 3.6\nqueue_directory = {0}\n"
                                            "data_directory = {0}\ntransport_maps = {1}\n{2}",
                                            directory_.path().string(), transport_maps, more));
    directory_.write("master.cf", "rewrite unix - - n - - trivial-rewrite\n");
    programs_ = PostfixPrograms::of(directory_.path().string());
    ASSERT_TRUE(programs_) << programs_.error().text;
    configuration_ = read_configuration(*programs_);
    ASSERT_TRUE(configuration_) << configuration_.error().text;
  }

  // "key answer" of what holds for somebody at icloud.com.
  std::string route() const {
    const auto routes =
        ask_routes(*programs_, *configuration_, {"icloud.com"}, patience, Deadline::in(patience));
    if (!routes) return routes.error().text;
    const Route* const found = route_of(*routes, "icloud.com");
    return found == nullptr ? "none" : found->key + " " + found->answer;
  }

  SingleRoutes people() const {
    return single_routes(*programs_, *configuration_, {"icloud.com", "me.com"},
                         "socketmap:unix:icloud-milter/routes.sock:icloud", patience,
                         Deadline::in(patience));
  }

  TemporaryDirectory directory_;
  Result<PostfixPrograms> programs_ = fail(Code::config, "not chosen yet");
  Result<Configuration> configuration_ = fail(Code::config, "not read yet");
};

TEST_F(PostfixTables, are_asked_for_an_address_then_its_domain_then_those_above) {
  use("inline:{{*=a:}}, inline:{{.com=b:}}");
  EXPECT_EQ(route(), ".com b:");
  use("inline:{{*=a:}, {com=c:}}");
  EXPECT_EQ(route(), "* a:");
  use("inline:{{com=c:}}", "parent_domain_matches_subdomains = transport_maps\n");
  EXPECT_EQ(route(), "com c:");
  use("inline:{{*=a:}}, inline:{{icloud.com=d:[x]}}, inline:{{icloud.com=e:}}");
  EXPECT_EQ(route(), "icloud.com d:[x]");
  use("inline:{{icloud.com=d:}}, regexp:{{/@icloud\\.com$$/ f:}}");
  EXPECT_EQ(route(), "icloud-milter-probe@icloud.com f:");
  // A pattern is never asked for a domain, nor a table for another person.
  use("regexp:{{/^icloud\\.com$$/ g:}}, inline:{{bob@icloud.com=h:}}");
  EXPECT_EQ(route(), "none");
}

TEST_F(PostfixTables, name_single_people_where_they_can_be_listed) {
  directory_.write("people",
                   "Bob@iCloud.com smtp:[elsewhere]\neve@me.com\ticloud-gate:[x]\n"
                   "ann@corp.example smtp:\nicloud.com smtp:\n");
  const std::string file = "texthash:" + (directory_.path() / "people").string();
  use(
      fmt::format("inline:{{{{eve@me.com=smtp:first}}}}, proxy:{}, static:x:, "
                  "proxy:socketmap:unix:icloud-milter/routes.sock:icloud, regexp:{{{{/x/ y:}}}}",
                  file));
  const SingleRoutes found = people();
  EXPECT_EQ(
      found.routes,
      (std::vector<Route>{
          {.table = "inline:{{eve@me.com=smtp:first}}",
           .key = "eve@me.com",
           .answer = "smtp:first"},
          {.table = "proxy:" + file, .key = "bob@icloud.com", .answer = "smtp:[elsewhere]"}}));
  ASSERT_EQ(found.unlisted.size(), 1u);
  EXPECT_EQ(found.unlisted[0], "regexp:{{/x/ y:}}: a table of type regexp cannot be listed");
}

TEST(PostfixRoutes, are_as_postmap_prints_them) {
  const auto routes = read_routes("hash:/t", "icloud.com\tsmtp:[x]\nnonsense\n");
  ASSERT_EQ(routes.size(), 1u);
  EXPECT_EQ(routes[0].key, "icloud.com");
  EXPECT_EQ(routes[0].answer, "smtp:[x]");
}

TEST(PostfixRoutes, are_taken_apart) {
  EXPECT_EQ(parse_destination("icloud-gate:[127.0.0.1]:10027").transport, "icloud-gate");
  EXPECT_EQ(parse_destination("icloud-gate:[127.0.0.1]:10027").next_hop, "[127.0.0.1]:10027");
  EXPECT_EQ(parse_destination("icloud-out:").next_hop, "");
  EXPECT_EQ(parse_destination("smtp").text(), "smtp:");
  EXPECT_EQ(parse_destination("").transport, "");
}

TEST(PostfixRoutes, know_tables_that_are_never_asked_for_a_domain) {
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

TEST(PostfixRoutes, find_the_listener_that_a_next_hop_leads_to) {
  const std::vector<Service> services = {{.name = "smtp",
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
  std::vector<Listener> listeners(services.size());
  for (std::size_t i = 0; i < services.size(); ++i) listeners[i].service = &services[i];
  const auto at = [&](std::string_view next_hop) {
    const Listener* const found = listener_at(listeners, next_hop);
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
}  // namespace icm::ctl::postfix
