// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl replies follow and intake with real files: what a log and a bounce come to.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "policy/store/stores.h"
#include "test/milter/ctl/command_runner.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

namespace fs = std::filesystem;

// Lines of today, since what is a week old is not learnt from.
std::string line(std::string_view queue_id, std::string_view to, std::string_view reply,
                 std::string_view status = "bounced") {
  return fmt::format(
      "{} mx postfix/icloud-out/smtp[1]: {}: to=<{}>, relay=mx01.mail.icloud.com[17.1.1.1]:25, "
      "delay=1, dsn=5.1.1, status={} ({})\n",
      to_rfc3339(SystemClock().now()), queue_id, to, status, reply);
}

std::string decision(std::string_view queue_id, std::string_view to) {
  return fmt::format(
      R"({{"time":"2026-11-22T02:00:00.000Z","event":"message","queue_id":"{0}",)"
      R"("mail_from":"news@ours.example","recipients":["{1}"],"apple_recipients":1,)"
      R"("from":["news@ours.example"],"message_id":"<{0}@ours.example>","form":"0011223344556677",)"
      R"("stream":"news","verdict":"accept"}})"
      "\n",
      queue_id, to);
}

class FollowTest : public testing::Test {
 protected:
  FollowTest() {
    StoreConfig store;
    store.path = directory_.path() / "store.db";
    EXPECT_TRUE(open_book(store, Missing::make, Deadline::in(std::chrono::seconds(5))));
    directory_.write("milter.conf",
                     fmt::format("log:\n  decisions: {0}/decisions.jsonl\nstore:\n  path: "
                                 "{0}/store.db\nreplies:\n  mode: enforce\n  log: {0}/mail.log\n  "
                                 "book: {0}/replies.db\n",
                                 directory_.path().string()));
  }
  void append(const fs::path& file, std::string_view text) {
    std::ofstream(file, std::ios::app | std::ios::binary) << text;
  }
  Outcome follow(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"replies", "follow", "--once", "--config", config_};
    words.insert(words.end(), more.begin(), more.end());
    return run_command(add_replies, words);
  }
  Outcome intake(const std::string& mail) {
    const std::string file = directory_.write("bounce.eml", mail).string();
    EXPECT_NE(std::freopen(file.c_str(), "rb", stdin), nullptr);
    return run_command(add_replies, {"replies", "intake", "--config", config_});
  }
  static Outcome read(int count) {
    return {0, fmt::format("{} deliveries to Apple read\n", count), ""};
  }

  TemporaryDirectory directory_;
  std::string config_ = directory_.path() / "milter.conf";
  fs::path log_ = directory_.path() / "mail.log";
  fs::path decisions_ = directory_.write("decisions.jsonl", decision("4A5B6C7D8E", "a@icloud.com"));
  const std::string gone_ =
      "host mx01.mail.icloud.com[17.1.1.1] said: 550 5.1.1 <a@icloud.com>: user "
      "does not exist (in reply to RCPT TO command)";
};

TEST_F(FollowTest, shows_what_it_would_learn_with_what_was_decided) {
  append(log_, line("4A5B6C7D8E", "a@icloud.com", gone_) +
                   line("4FFFFFFFFF", "b@me.com", "250 ok", "sent") + "noise\n");
  const Outcome outcome = follow({"--dry-run"});
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_NE(outcome.out.find(R"("stream":"news","sender":"news@ours.example",)"
                             R"("from_domain":"ours.example","form":"0011223344556677",)"
                             R"("id":"address-does-not-exist","class":"recipient-gone")"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find(R"("status":"sent")"), std::string::npos) << outcome.out;
  EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 2);
}

TEST_F(FollowTest, reads_each_line_once_over_runs_and_rotations) {
  append(log_, line("4A5B6C7D8E", "a@icloud.com", gone_));
  EXPECT_EQ(follow(), read(1));
  EXPECT_EQ(follow(), read(0));
  append(log_, line("4A5B6C7D8F", "b@icloud.com", gone_));
  fs::rename(log_, directory_.path() / "mail.log.1");
  append(log_, line("4A5B6C7D90", "c@icloud.com", gone_));
  EXPECT_EQ(follow(), read(2));
  EXPECT_EQ(follow(), read(0));
}

// Whoever names Apple's hosts beside his own as his domain's MX answers at the same transport.
TEST_F(FollowTest, stops_nothing_for_a_host_that_is_not_apples) {
  const auto refused_by = [&](std::string_view host) {
    std::string text = line("4A5B6C7D8E", "x@evil.example",
                            "host x said: 550 5.7.1 [HCM2] Your mail from 192.0.2.1 was rejected. "
                            "(in reply to MAIL FROM command)");
    const std::string_view apple = "mx01.mail.icloud.com";
    return text.replace(text.find(apple), apple.size(), host);
  };
  append(log_, refused_by("mx.evil.example"));
  EXPECT_EQ(follow(), read(1));
  append(directory_.path() / "milter.conf", "routing:\n  mx_suffixes: [sink.example]\n");
  append(log_, refused_by("mx1.sink.example"));
  EXPECT_NE(follow().err.find("let one in 1h go of all mail to Apple"), std::string::npos);
}

TEST_F(FollowTest, says_what_keeps_it_from_reading) {
  const Outcome outcome = follow();
  EXPECT_EQ(outcome, (Outcome{1, "",
                              "icloud-milterctl: " + log_.string() +
                                  ": cannot be read: No such file or directory\n"}));
}

// As Apple would write it: of our own it has what was returned.
std::string report(std::string_view message, std::string_view queue_id, std::string_view to,
                   std::string_view reply = "550 5.1.1 <{1}>: user does not exist") {
  return fmt::format(
      "Message-ID: <report.{0}@mx>\nContent-Type: multipart/report; boundary=b\n\n--b\n"
      "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: "
      "rfc822; {1}\nAction: failed\nDiagnostic-Code: smtp; {2}\n\n--b\n"
      "Content-Type: text/rfc822-headers\n\nReceived: from localhost (localhost [127.0.0.1])\n"
      "\tby mx.ours.example (Postfix) with ESMTP id {3}\n\tfor <{1}>; Sun, 22 Nov 2026 02:00:00 "
      "+0000 (UTC)\nReceived: by web.ours.example (Postfix, from userid 33)\n\tid 4WEB000000; "
      "Sun, 22 Nov 2026 01:59:59 +0000 (UTC)\nMessage-ID: <{0}@ours.example>\n\n--b--\n",
      message, to, fmt::format(fmt::runtime(reply), message, to), queue_id);
}

constexpr std::string_view learnt = "1 of 1 reported deliveries to Apple learnt from\n";
constexpr std::string_view not_learnt =
    "0 of 1 reported deliveries to Apple learnt from; the others are not about an address that the "
    "decision log has as the only one of a mail with the queue id that they show\n";

TEST_F(FollowTest, learns_from_a_bounce_of_mail_that_was_sent_and_from_no_other) {
  const std::string id = "4A5B6C7D8E";
  EXPECT_EQ(intake(report(id, id, "a@icloud.com")), (Outcome{0, std::string(learnt), ""}));
  EXPECT_EQ(intake(report(id, id, "victim@icloud.com")), (Outcome{0, std::string(not_learnt), ""}));
  EXPECT_EQ(intake(report("4FFFFFFFFF", id, "a@icloud.com")),
            (Outcome{0, std::string(not_learnt), ""}));
  EXPECT_EQ(intake(report(id, id, "a@icloud.com",
                          "550 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1")),
            (Outcome{0, std::string(not_learnt), ""}));
  EXPECT_EQ(intake("Subject: hello\n\nhello\n"),
            (Outcome{65,
                     "not learnt from: no delivery status notification: expected a part "
                     "message/delivery-status\n",
                     ""}));
}

// Everybody on a mailing list has its Message-ID, and may know who else is on it.
TEST_F(FollowTest, believes_no_bounce_of_somebody_who_had_another_copy_of_the_mail) {
  std::string copy = decision("4EEEEEEEEE", "hostile@icloud.com");
  copy.replace(copy.find("<4EEEEEEEEE@"), 12, "<4A5B6C7D8E@");
  append(decisions_, copy);
  EXPECT_EQ(intake(report("4A5B6C7D8E", "4EEEEEEEEE", "a@icloud.com")),
            (Outcome{0, std::string(not_learnt), ""}));
  EXPECT_EQ(intake(report("4A5B6C7D8E", "4WEB000000", "a@icloud.com")),
            (Outcome{0, std::string(not_learnt), ""}));
}

}  // namespace
}  // namespace icm::ctl
