// SPDX-License-Identifier: Apache-2.0
#include "policy/delivery/delivery_report.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

const WallTime received = parse_time("2026-11-22T03:00:00Z").value();

// As Postfix 3.7 writes one.
constexpr std::string_view postfix_report =
    "Return-Path: <ann@ours.example>\r\n"
    "Date: Sun, 22 Nov 2026 02:00:02 +0000 (UTC)\r\n"
    "From: MAILER-DAEMON@mx.ours.example (Mail Delivery System)\r\n"
    "Message-Id: <20261122020002.4B6@mx.ours.example>\r\n"
    "Content-Type: multipart/report; report-type=delivery-status;\r\n"
    "\tboundary=\"4A5B6C7D8E.1763776802/mx.ours.example\"\r\n"
    "\r\n"
    "This is a MIME-encapsulated message.\r\n"
    "\r\n"
    "--4A5B6C7D8E.1763776802/mx.ours.example\r\n"
    "Content-Type: text/plain; charset=us-ascii\r\n"
    "\r\n"
    "This is the mail system at host mx.ours.example.\r\n"
    "\r\n"
    "--4A5B6C7D8E.1763776802/mx.ours.example\r\n"
    "Content-Description: Delivery report\r\n"
    "Content-Type: message/delivery-status\r\n"
    "\r\n"
    "Reporting-MTA: dns; mx.ours.example\r\n"
    "X-Postfix-Queue-ID: 4A5B6C7D8E\r\n"
    "X-Postfix-Sender: rfc822; ann@ours.example\r\n"
    "Arrival-Date: Sun, 22 Nov 2026 02:00:00 +0000 (UTC)\r\n"
    "\r\n"
    "Final-Recipient: rfc822; Bob@icloud.com\r\n"
    "Original-Recipient: rfc822;fwd@ours.example\r\n"
    "Action: failed\r\n"
    "Status: 5.1.1\r\n"
    "Remote-MTA: dns; mx01.mail.icloud.com\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <Bob@icloud.com>: user does\r\n"
    "    not exist\r\n"
    "\r\n"
    "Final-Recipient: rfc822; dora@elsewhere.example\r\n"
    "Action: failed\r\n"
    "Status: 5.0.0\r\n"
    "\r\n"
    "--4A5B6C7D8E.1763776802/mx.ours.example\r\n"
    "Content-Type: message/rfc822\r\n"
    "\r\n"
    "From: Ann <ann@ours.example>\r\n"
    "Message-ID:\r\n"
    " <1@ours.example>\r\n"
    "\r\n"
    "Hello.\r\n"
    "\r\n"
    "--4A5B6C7D8E.1763776802/mx.ours.example--\r\n";

class DeliveryReportTest : public testing::Test {
 protected:
  std::vector<DeliveryEvent> events(std::string_view mail) {
    const auto report = parse_delivery_report(mail);
    EXPECT_TRUE(report) << report.error().text;
    return report ? events_of(*report, traffic_, received) : std::vector<DeliveryEvent>();
  }

  // A report with these fields of one recipient.
  static std::string report_on(std::string_view fields, std::string_view type = "delivery-status",
                               std::string_view encoding = "7bit") {
    return fmt::format(
        "Message-ID: <r@x>\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: "
        "message/{}\nContent-Transfer-Encoding: {}\n\nReporting-MTA: dns; x\n\n{}\n\n--b--\n",
        type, encoding, fields);
  }

  NamedAppleDomains apple_{{}};
  AppleTraffic traffic_{apple_, {}};
};

TEST_F(DeliveryReportTest, tells_what_became_of_apples_recipients) {
  const auto found = events(postfix_report);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0],
            (DeliveryEvent{.time = parse_time("2026-11-22T02:00:02Z").value(),
                           .queue_id = "4A5B6C7D8E",
                           .recipient = "bob@icloud.com",
                           .relay_host = "mx01.mail.icloud.com",
                           .relay_ip = {},
                           .status = DeliveryStatus::bounced,
                           .enhanced_status = "5.1.1",
                           .reply = "smtp; 550 5.1.1 <Bob@icloud.com>: user does    not exist",
                           .key = found[0].key,
                           .teller = Teller::report}));
  EXPECT_EQ(parse_delivery_report(postfix_report)->message_id, "<1@ours.example>");
}

TEST_F(DeliveryReportTest, tells_the_ids_of_the_servers_that_what_was_returned_went_through) {
  std::string mail =
      "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
      "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@icloud.com\nAction: failed\n\n--b\n"
      "Content-Type: text/rfc822-headers\n\n"
      "Received: from localhost (localhost [127.0.0.1])\n\tby mx.ours.example (Postfix) with "
      "ESMTP\n"
      "\tid 4A5B6C7D8E for <a@icloud.com>; Sun, 22 Nov 2026 02:00:00 +0000\n"
      "Received: by web.ours.example id 0AM201bc012345; Sun, 22 Nov 2026 01:59:59 +0000\n"
      "Received: from nowhere\n";
  const auto report = parse_delivery_report(mail);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->received_ids, (std::vector<std::string>{"4A5B6C7D8E", "0AM201bc012345"}));
  for (int i = 0; i < 100; ++i) mail += fmt::format("Received: by x id GUESS{:05}; y\n", i);
  EXPECT_EQ(parse_delivery_report(mail)->received_ids.size(), max_report_received);
}

TEST_F(DeliveryReportTest, is_the_same_with_other_line_ends_and_without_what_gets_lost) {
  std::string bare(postfix_report);
  std::erase(bare, '\r');
  EXPECT_EQ(events(bare), events(postfix_report));
  std::string cut(postfix_report);
  cut.resize(cut.rfind("--4A5B6C7D8E"));
  EXPECT_EQ(events(cut), events(postfix_report));
  const std::size_t type = bare.find(" report-type=delivery-status;");
  bare.erase(type, std::string_view(" report-type=delivery-status;").size());
  EXPECT_EQ(events(bare), events(postfix_report));
}

TEST_F(DeliveryReportTest, takes_the_address_that_apple_knows) {
  const auto found = events(report_on(
      "Final-Recipient: x-pod; internal-17@pod.invalid\nOriginal-Recipient: rfc822; "
      "bob@icloud.com\nAction: Failed\nDiagnostic-Code: smtp; 550 5.1.1 user does not exist"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].recipient, "bob@icloud.com");
  const auto by_host = events(
      report_on("Final-Recipient: rfc822; bob@own.example\nAction: delayed\nRemote-MTA: dns; "
                "mx01.mail.icloud.com (17.1.1.1, the server for the domain)"));
  ASSERT_EQ(by_host.size(), 1u);
  EXPECT_EQ(by_host[0].recipient, "bob@own.example");
  EXPECT_EQ(by_host[0].relay_host, "mx01.mail.icloud.com");
  EXPECT_EQ(by_host[0].status, DeliveryStatus::deferred);
}

TEST_F(DeliveryReportTest, reads_addresses_in_utf8_in_each_of_their_forms) {
  EXPECT_EQ(reported_address("utf-8; bj\\x{F6}rn@icloud.com"), "bj\xc3\xb6rn@icloud.com");
  EXPECT_EQ(reported_address("UTF-8;bj\xc3\xb6rn@icloud.com"), "bj\xc3\xb6rn@icloud.com");
  EXPECT_EQ(reported_address("utf-8; \\x{1F600}@icloud.com"), "\xf0\x9f\x98\x80@icloud.com");
  EXPECT_EQ(reported_address("rfc822; <a\\x{F6}@icloud.com>"), "a\\x{F6}@icloud.com");
  for (const std::string_view wrong :
       {"a@icloud.com", "utf-8; a\\x{110000}@b", "utf-8; a\\x{D800}@b", "utf-8; a\\x{0A}@b",
        "utf-8; a\\x{}@b", "utf-8; a\\x{F6", "utf-8; a\\x{zz}@b", "utf-8; a\\x{1234567}@b"}) {
    EXPECT_EQ(reported_address(wrong), "") << wrong;
  }
  const auto found =
      events(report_on("Final-Recipient: utf-8; bj=C3=B6rn@icloud.com\nAction: fai=\nled",
                       "global-delivery-status", "quoted-printable"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].recipient, "bj\xc3\xb6rn@icloud.com");
  const auto encoded = events(
      report_on("", "global-delivery-status", "base64")
          .replace(report_on("", "global-delivery-status", "base64").find("Reporting-MTA"),
                   std::string_view("Reporting-MTA: dns; x").size(),
                   "RmluYWwtUmVjaXBpZW50OiB1dGYtODsgYUBpY2xvdWQuY29tCkFjdGlvbjogZmFpbGVkCg=="));
  ASSERT_EQ(encoded.size(), 1u);
  EXPECT_EQ(encoded[0].recipient, "a@icloud.com");
}

TEST_F(DeliveryReportTest, counts_a_recipient_once_and_nothing_that_is_told_elsewhere) {
  const std::string one = "Final-Recipient: rfc822; a@icloud.com\nAction: failed\n";
  EXPECT_EQ(events(report_on(one + "\n" + one)).size(), 1u);
  EXPECT_EQ(events(report_on("Final-Recipient: rfc822; a@icloud.com\nAction: expanded")).size(),
            0u);
  EXPECT_EQ(
      events(report_on("Final-Recipient: rfc822; a@icloud.com\nAction: relayed")).at(0).status,
      DeliveryStatus::sent);
}

TEST_F(DeliveryReportTest, does_not_believe_in_the_future) {
  const auto found = events(report_on(
      "Final-Recipient: rfc822; a@icloud.com\nAction: failed\nLast-Attempt-Date: Sun, 22 Nov 2099 "
      "02:00:02 +0000"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].time, received);
}

TEST_F(DeliveryReportTest, says_what_is_missing) {
  EXPECT_EQ(parse_delivery_report("Subject: Undelivered\n\nSorry.\n").error(),
            (Error{Code::syntax,
                   "no delivery status notification: expected a part message/delivery-status"}));
  EXPECT_EQ(parse_delivery_report(report_on("Action: failed")).error(),
            (Error{Code::syntax,
                   "a delivery status notification about nobody: expected Final-Recipient"}));
}

TEST_F(DeliveryReportTest, is_bounded_whatever_it_holds) {
  std::string nested = "Content-Type: multipart/mixed; boundary=b0\n\n";
  for (int i = 0; i < 50; ++i) {
    nested += fmt::format("--b{}\nContent-Type: multipart/mixed; boundary=b{}\n\n", i, i + 1);
  }
  nested +=
      "--b50\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@icloud.com\n";
  EXPECT_FALSE(parse_delivery_report(nested));
  std::string many;
  for (std::size_t i = 0; i < max_report_recipients + 10; ++i) {
    many += fmt::format("Final-Recipient: rfc822; a{}@icloud.com\nAction: failed\n\n", i);
  }
  EXPECT_EQ(parse_delivery_report(report_on(many))->recipients.size(), max_report_recipients);
}

}  // namespace
}  // namespace icm
