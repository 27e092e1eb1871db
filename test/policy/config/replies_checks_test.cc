// SPDX-License-Identifier: Apache-2.0
//
// The options of `replies`: what is wrong with them is told with its place.
#include "policy/config/replies_checks.h"

#include <gtest/gtest.h>

#include "test/policy/config/reading.h"

namespace icm {
namespace {

const std::string enforced = "\nsuppression: {mode: enforce}\nthrottle: {mode: enforce}\n";

TEST(RepliesChecks, say_nothing_of_what_works) {
  EXPECT_EQ(told_of("replies: {}"), "");
  EXPECT_EQ(told_of("replies:\n"
                    "  mode: enforce\n"
                    "  only_observe: [stop, hold_domain]\n"
                    "  log: /var/log/mail.log\n"
                    "  addresses: {suspend: [1h, 3d]}\n"
                    "  alerts: {command: [/usr/bin/logger, -t, apple], mail_to: "
                    "[admin@example.com], mail_from: milter@example.com}\n"
                    "  postmaster: {company: Example Ltd, domain: example.com}" +
                    enforced),
            "");
}

TEST(RepliesChecks, keep_what_was_written) {
  const Config config = config_of(
      "replies: {only_observe: [pause], mode: enforce, addresses: {suspend: [1h, 2d]}}" + enforced);
  EXPECT_EQ(config.replies.only_observe, std::vector{ReplyEffect::pause});
  EXPECT_EQ(config.replies.addresses.suspend,
            (std::vector<std::chrono::seconds>{std::chrono::hours{1}, std::chrono::hours{48}}));
  EXPECT_EQ(config_of("replies: {}").replies, RepliesConfig{});
}

TEST(RepliesChecks, refuse_what_cannot_be_done) {
  for (const auto& [text, told] : {
           Told{"replies: {addresses: {suspend: []}}",
                "1:32: replies.addresses.suspend: expected one span at least, as [1d, 3d, 7d]"},
           Told{"replies: {addresses: {suspend: [3]}}",
                "1:33: replies.addresses.suspend: expected a span from 1m to 365d, as 90s, 15m, "
                "12h, 7d or 2w, got \"3\"; the unit is missing: write 3s"},
           Told{"replies: {book: \"\"}",
                "1:17: replies.book: expected an absolute path, or no such line"},
           Told{"replies: {book: /a.db}\nstore: {path: /a.db}",
                "1:17: replies.book: the suppression list is there (store.path)"},
           Told{"replies: {destination: {pause: 2h, longest_pause: 1h}}",
                "1:51: replies.destination.longest_pause: expected replies.destination.pause (2h) "
                "at least, got 1h"},
           Told{"replies: {alerts: {command: [logger]}}",
                "1:29: replies.alerts.command: expected the absolute path of a program first, got "
                "\"logger\": no shell and no PATH is asked"},
           Told{"replies: {alerts: {mail_to: [a@example.com, root]}}",
                "1:45: replies.alerts.mail_to: expected addresses, got \"root\""},
           Told{"replies: {alerts: {mail_from: root}}",
                "1:31: replies.alerts.mail_from: expected an address, got \"root\""},
           Told{"replies: {alerts: {mail_to: [a@example.com], sendmail: \"\"}}",
                "1:56: replies.alerts.sendmail: expected a program, since replies.alerts.mail_to "
                "is given"},
           Told{"replies: {postmaster: {domain: a..b}}",
                "1:32: replies.postmaster.domain: expected a domain name, got \"a..b\""},
       }) {
    EXPECT_EQ(told_of(std::string(text) + enforced),
              fmt::format("milter.conf:{}\n1 error; configuration not loaded\n", told))
        << text;
  }
}

TEST(RepliesChecks, warn_of_what_does_not_do_what_was_meant) {
  EXPECT_EQ(told_of("replies: {only_observe: [pause]}"),
            "milter.conf:1:25: warning: replies.only_observe: has no effect: replies.mode is not "
            "enforce\n");
  EXPECT_EQ(told_of("replies: {mode: enforce}"),
            "milter.conf:1:17: warning: replies.mode: suppression.mode is not enforce, so "
            "addresses that are gone still get mail\n"
            "milter.conf:1:17: warning: replies.mode: throttle.mode is not enforce, so pauses hold "
            "no mail back\n");
  EXPECT_EQ(told_of("replies: {mode: enforce, only_observe: [suppress, suspend, slow_recipient, "
                    "stop_template, hold_domain, pause, slow, stop]}"),
            "");
  EXPECT_EQ(told_of("log: {decisions: \"\"}\nreplies: {mode: enforce}" + enforced),
            "milter.conf:1:18: warning: log.decisions: empty, so nobody knows the form, the From "
            "domain and the way out of what Apple answers (replies)\n");
}

}  // namespace
}  // namespace icm
