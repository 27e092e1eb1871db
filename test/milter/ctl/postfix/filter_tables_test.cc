// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/filter_tables.h"

#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"

namespace icm::ctl::postfix {
namespace {

using Actions = std::vector<std::string>;

TEST(PostfixFilterTables, have_actions_behind_their_patterns) {
  EXPECT_EQ(actions_of("# /x/ FILTER no:\n"
                       "/^Subject: FILTER a:/ REJECT no\n"
                       "/a\\/b/i   FILTER smtp:\n"
                       "!/c/ OK\n"
                       "/d/!/e/ FILTER\n   smtp:[x]\n"
                       "if /f/\n%g% DUNNO\nendif\n/unfinished\n\n",
                       false),
            (Actions{"REJECT no", "FILTER smtp:", "OK", "FILTER smtp:[x]", "DUNNO"}));
  EXPECT_EQ(actions_of("192.0.2.0/24 FILTER smtp:\nif 192.0.2.0/25\n!192.0.2.1 OK\nendif\n", true),
            (Actions{"FILTER smtp:", "OK"}));
}

// An instance that does not run, with these tables.
class PostfixFilterLines : public testing::Test {
 protected:
  PostfixFilterLines() {
    directory_.write("main.cf", "compatibility_level = 3.6\n");
    configuration_.services = *read_services(
        "25 inet n - n - - smtpd\n10027 inet n - n - - smtpd\nsmtp unix - - n - - smtp\n"
        "cleanup unix n - n - 0 cleanup\n");
    configuration_.services[1].overrides = {{"milter_macro_daemon_name", "ICLOUD-GATE"}};
    configuration_.parameters["cleanup_service_name"] = "cleanup";
  }

  FilterLines found() {
    const auto programs = PostfixPrograms::of(directory_.path().string());
    return filter_lines(programs.value(), configuration_, RolesConfig(), std::chrono::seconds{20},
                        Deadline::in(std::chrono::seconds{20}));
  }

  TemporaryDirectory directory_;
  Configuration configuration_;
};

TEST_F(PostfixFilterLines, lead_past_the_gate) {
  const std::string patterns =
      directory_.write("patterns", "/^List-Id:/ filter smtp:[x.example]\n");
  const std::string entries = directory_.write("entries", "corp.example FILTER smtp:\nx OK\n");
  auto& values = configuration_.parameters;
  values["header_checks"] = "static:{FILTER smtp:}";
  values["body_checks"] = "regexp:" + patterns;
  values["smtpd_data_restrictions"] =
      "permit_mynetworks, check_client_access inline:{{192.0.2.1 = FILTER smtp:}}, reject";
  values["smtpd_restriction_classes"] = "ours";
  values["ours"] = "check_sender_access texthash:" + entries;
  EXPECT_EQ(found().past,
            (std::vector<FilterLine>{
                {.place = "smtpd_data_restrictions",
                 .table = "inline:{{192.0.2.1 = FILTER smtp:}}",
                 .way = "smtp:"},
                {.place = "header_checks", .table = "static:{FILTER smtp:}", .way = "smtp:"},
                {.place = "body_checks", .table = "regexp:" + patterns, .way = "smtp:[x.example]"},
                {.place = "ours", .table = "texthash:" + entries, .way = "smtp:"}}));
  EXPECT_TRUE(found().unread.empty());
}

TEST_F(PostfixFilterLines, may_hand_mail_back_choose_behind_the_gate_or_be_nobodys_to_read) {
  auto& values = configuration_.parameters;
  values["header_checks"] = "static:{FILTER smtp:[127.0.0.1]:10024}";
  values["smtpd_client_restrictions"] = "check_client_access static:OK";
  configuration_.services[1].overrides["smtpd_sender_restrictions"] =
      "check_sender_access static:{FILTER smtp:}";
  EXPECT_TRUE(found().past.empty());
  EXPECT_TRUE(found().unread.empty());
  values["header_checks"] = "pcre:/nowhere/checks";
  values["smtpd_client_restrictions"] = "check_client_access tcp:127.0.0.1:1";
  ASSERT_EQ(found().unread.size(), 2u);
  EXPECT_EQ(found().unread[0],
            "smtpd_client_restrictions: tcp:127.0.0.1:1: a table of type tcp cannot be listed");
  EXPECT_TRUE(found().unread[1].starts_with("header_checks: pcre:/nowhere/checks: "));
}

}  // namespace
}  // namespace icm::ctl::postfix
