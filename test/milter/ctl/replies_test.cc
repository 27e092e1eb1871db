// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl replies, word by word as it is typed and answered.
#include <string>

#include <gtest/gtest.h>

#include "test/milter/ctl/command_runner.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

class RepliesCommand : public testing::Test {
 protected:
  std::string file(const std::string& name, std::string_view text) {
    return directory_.write(name, text).string();
  }

  TemporaryDirectory directory_;
};

TEST_F(RepliesCommand, classifies_each_line_as_one_json_object) {
  const std::string replies =
      file("replies",
           "550 5.1.1 <a@icloud.com>: user does not exist\n\n\xFF\x1b\n550 5.1.1 <b@example.com>: "
           "unauthorized sender");
  EXPECT_EQ(run_command(add_replies, {"replies", "classify", "--json", replies}),
            (Outcome{0,
                     R"({"id":"address-does-not-exist","class":"recipient-gone",)"
                     R"("nature":"permanent","scope":"address","action":"suppress-address",)"
                     R"("confidence":"high"})"
                     "\n"
                     R"({"id":"unknown","class":"unknown","nature":"unknown","scope":"message",)"
                     R"("action":"sample-alert","confidence":"low"})"
                     "\n"
                     R"({"id":"unknown","class":"unknown","nature":"unknown","scope":"message",)"
                     R"("action":"sample-alert","confidence":"low"})"
                     "\n"
                     R"({"id":"relay-unauthorized-sender","class":"sender-unregistered",)"
                     R"("nature":"until-fixed","scope":"sending-domain",)"
                     R"("action":"fix-config-alert","confidence":"high"})"
                     "\n",
                     ""}));
}

TEST_F(RepliesCommand, explains_a_code_to_a_person) {
  const Outcome outcome = run_command(add_replies, {"replies", "explain", "HME1"});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_TRUE(
      outcome.out.starts_with("hme1-no-authentication\n"
                              "  means       Neither SPF nor DKIM passed.\n"
                              "  class       auth, until-fixed, about the sending-domain\n"
                              "  what to do  Repair signing and SPF"))
      << outcome.out;
  EXPECT_EQ(outcome.err, "");
}

TEST_F(RepliesCommand, says_so_when_a_reply_is_not_known) {
  const Outcome outcome = run_command(add_replies, {"replies", "explain", "never", "heard"});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_TRUE(outcome.out.starts_with("unknown\n")) << outcome.out;
  EXPECT_EQ(outcome.err, "icloud-milterctl: give the whole reply, as the log quotes it\n");
}

TEST_F(RepliesCommand, explains_a_code_of_apple_that_nobody_has_described) {
  const Outcome outcome = run_command(add_replies, {"replies", "explain", "HM10"});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_TRUE(outcome.out.starts_with("local-policy-other-code\n")) << outcome.out;
}

TEST_F(RepliesCommand, says_of_a_code_with_many_causes_that_it_says_little) {
  const Outcome outcome = run_command(add_replies, {"replies", "explain", "5.1.1"});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_NE(outcome.out.find("causes have it. The whole reply tells which.\n"), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("  address-does-not-exist "), std::string::npos) << outcome.out;
}

TEST_F(RepliesCommand, asks_whether_another_code_was_meant) {
  const Outcome code = run_command(add_replies, {"replies", "explain", "hme2"});
  EXPECT_EQ(code.exit, 1);
  EXPECT_EQ(code.err, "icloud-milterctl: \"hme2\" is not known, did you mean \"HME1\"?\n");
  const Outcome id = run_command(add_replies, {"replies", "explain", "adress-inactive"});
  EXPECT_EQ(id.err,
            "icloud-milterctl: \"adress-inactive\" is not known, did you mean "
            "\"address-inactive\"?\n");
}

TEST_F(RepliesCommand, checks_the_table_and_what_extends_it) {
  const Outcome good = run_command(add_replies, {"replies", "table", "check"});
  EXPECT_EQ(good.exit, 0) << good.err;
  const std::string own = file("own.yaml", "replies:\n  - id: mine\n");
  const Outcome bad = run_command(add_replies, {"replies", "table", "check", own});
  EXPECT_EQ(bad.exit, 2);
  EXPECT_TRUE(bad.err.starts_with("icloud-milterctl: " + own + ":2:5: class is missing\n"))
      << bad.err;
}

TEST_F(RepliesCommand, asks_a_table_of_ones_own_first) {
  const std::string own = file("own.yaml",
                               "replies:\n"
                               "  - id: mine\n"
                               "    pattern: 'user does not exist'\n"
                               "    class: outage\n"
                               "    nature: outage-suspect\n"
                               "    scope: destination\n"
                               "    action: pause-destination\n"
                               "    confidence: high\n"
                               "    meaning: 'Today it lies.'\n"
                               "    remedy: 'Wait.'\n"
                               "    source: 'our log'\n"
                               "    date: '2026-11'\n"
                               "    examples: ['550 user does not exist']\n");
  const std::string replies = file("replies", "550 5.1.1 <a@icloud.com>: user does not exist\n");
  EXPECT_EQ(run_command(add_replies, {"replies", "classify", "--table", own, replies}),
            (Outcome{0,
                     "mine: outage, outage-suspect: pause-destination (high confidence): "
                     "<a@icloud.com>: user does not exist\n",
                     ""}));
}

}  // namespace
}  // namespace icm::ctl
