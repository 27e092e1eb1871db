// SPDX-License-Identifier: Apache-2.0
//
// What a person is told, how often, and by which ways.
#include "policy/learning/alerts.h"

#include "test/policy/learning/learner_fixture.h"

namespace icm {
namespace {

TEST_F(LearnerTest, tells_with_all_that_apple_asks_for) {
  config.replies.postmaster = {
      .company = "Shop Ltd", .domain = "shop.example", .contact = "postmaster@shop.example"};
  reopen();
  answered("ann@icloud.com", refused_content);
  later(1min);
  ASSERT_EQ(outlet.sent.size(), 1u);
  const ReplyEntry& entry = *built_in_table().find("local-policy-cs01");
  EXPECT_EQ(outlet.sent[0].title, "Apple: Apple refuses mail of shop.example");
  const std::string reply =
      "554 5.7.1 [CS01] Message rejected due to local policy. Please visit "
      "https://support.apple.com/en-us/HT204137. Txn ID 0e4b1d9c-7d52-4b5e-9d5f-2d43c3a1b7aa";
  EXPECT_EQ(
      outlet.sent[0].body,
      "What happened: Apple refuses mail of shop.example.\n"
      "Means: " +
          entry.meaning +
          " (local-policy-cs01)\n"
          "Since: 2026-11-21T08:00:00.000Z, 1 time, the latest at 2026-11-21T08:00:00.000Z\n"
          "What to do: " +
          entry.remedy +
          "\n"
          "More: icloud-milterctl replies show local-policy-cs01\n"
          "\n"
          "Answers:\n"
          "  " +
          reply +
          "\n"
          "\n"
          "A letter to Apple's postmaster, icloudadmin@apple.com, to be looked through before it "
          "is sent:\n"
          "\n"
          "  Company: Shop Ltd\n"
          "  Domain: shop.example\n"
          "  IP addresses: 192.0.2.1\n"
          "  Contact: postmaster@shop.example\n"
          "  Since: 2026-11-21T08:00:00.000Z\n"
          "  SMTP errors (1 so far, the latest at 2026-11-21T08:00:00.000Z):\n"
          "    " +
          reply +
          "\n"
          "  Description: " +
          entry.meaning +
          " We send to people who asked for it, signed with "
          "DKIM and with SPF and DMARC in place. Please tell us the cause, or lift the block.\n");
}

TEST_F(LearnerTest, tells_the_same_once_in_a_while) {
  for (int i = 0; i < 10; ++i) {
    answered("ann@icloud.com", refused_way);
    later(30min);
  }
  EXPECT_EQ(outlet.sent.size(), 1u);
  clock.time += 2h;
  answered("ann@icloud.com", refused_way);
  later(1min);
  ASSERT_EQ(outlet.sent.size(), 2u);
  EXPECT_NE(outlet.sent[1].body.find(", 11 times, the latest at"), std::string::npos);
  later(24h);
  EXPECT_EQ(outlet.sent.size(), 2u);
}

TEST_F(LearnerTest, keeps_a_sample_of_what_it_does_not_know_and_holds_it_against_nobody) {
  answered("ann@icloud.com", "550 Session 0815 is not to my taste\r\nAlert: \x1b[2J");
  answered("bob@icloud.com", "550 Session 4711 is not to my taste\r\nAlert: \x1b[2J");
  later(1h);
  EXPECT_EQ(standing(), std::vector<Suppression>{});
  EXPECT_EQ(in_force(), Words{});
  ASSERT_EQ(outlet.sent.size(), 1u);
  EXPECT_EQ(outlet.sent[0].title, "Apple: Apple gave an answer that is not known");
  for (const char c : outlet.sent[0].title + outlet.sent[0].body) {
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << int{c};
  }
}

TEST_F(LearnerTest, goes_on_when_nobody_can_be_told) {
  outlet.answer = fail(Code::config, "/usr/local/bin/page: cannot be run: No such file");
  answered("ann@icloud.com", refused_way);
  later(1min);
  EXPECT_EQ(said.back(),
            "an alert could not be passed on: /usr/local/bin/page: cannot be run: No such file");
  EXPECT_EQ(in_force().size(), 1u);
}

// Four alerts and a command that hangs would else be a follower that the service manager ends.
TEST(ProgramAlertOutlet, gives_a_sign_before_each_program_that_is_waited_for) {
  AlertsConfig config;
  config.command = {"/bin/false"};
  config.mail_to = {"root@shop.example"};
  config.sendmail = "/bin/true";
  int signs = 0;
  ProgramAlertOutlet outlet(config, "mx.shop.example", [&] { ++signs; });
  EXPECT_FALSE(outlet.send({.title = "Apple: no mail", .body = "one\n"}));
  EXPECT_EQ(signs, 2);
}

TEST(AlertMail, is_a_mail_whatever_the_alert_says) {
  AlertsConfig config;
  config.mail_to = {"root@shop.example", "ops@shop.example"};
  EXPECT_EQ(alert_mail({.title = "Apple: no mail", .body = "one\n.\n" + std::string(901, 'x')},
                       config, "mx.shop.example"),
            "From: root@shop.example\n"
            "To: root@shop.example,\n"
            " ops@shop.example\n"
            "Subject: Apple: no mail\n"
            "Auto-Submitted: auto-generated\n"
            "MIME-Version: 1.0\n"
            "Content-Type: text/plain; charset=us-ascii\n"
            "\n"
            "one\n"
            " .\n" +
                std::string(900, 'x') +
                "\nx\n"
                "-- \n"
                "icloud-milterctl replies follow on mx.shop.example\n");
}

}  // namespace
}  // namespace icm
