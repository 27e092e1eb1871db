// SPDX-License-Identifier: Apache-2.0
//
// format: when and under which name a message was made, for whom, and which way it came.
#include "test/policy/format_fixture.h"

namespace icm {
namespace {

class FormatIdentification : public FormatTest {};

TEST_F(FormatIdentification, date_must_be_there_once) {
  EXPECT_EQ(judged(Draft().remove("Date")),
            "violation 550 5.6.0 format.date-missing: there is no Date field; add \"Date: Sat, 21 "
            "Nov 2026 08:15:30 +0000\" (RFC 5322 section 3.6.1)");
  EXPECT_EQ(judged(Draft().add("date", "Sat, 21 Nov 2026 08:00:00 +0000")),
            "violation 550 5.6.0 format.date-repeated: 2 Date fields; keep one (RFC 5322 section "
            "3.6)");
}

TEST_F(FormatIdentification, date_must_be_readable) {
  EXPECT_EQ(
      judged(Draft().set("Date", "2026-11-21 08:00")),
      "violation 550 5.6.0 format.date-syntax: Date is \"2026-11-21 08:00\": offset 1: expected "
      "a day of the month, found \"2\"; write \"Date: Sat, 21 Nov 2026 08:15:30 +0000\" (RFC "
      "5322 section 3.3)");
}

TEST_F(FormatIdentification, obsolete_date_is_refused_and_spelled_anew) {
  EXPECT_EQ(
      judged(Draft().set("Date", "21 Nov 26 08:00:00 +0100")),
      "violation 550 5.6.0 format.date-obsolete: Date \"21 Nov 26 08:00:00 +0100\" has a short "
      "year, a letter or name for the zone, or blanks and comments inside; write \"Date: Sat, "
      "21 Nov 2026 07:00:00 +0000\" (RFC 5322 section 3.3)");
}

TEST_F(FormatIdentification, a_named_zone_is_advice) {
  EXPECT_EQ(
      judged(Draft().set("Date", "Sat, 21 Nov 2026 08:00:00 GMT").bulk()),
      "advice format.date-zone-name: Date \"Sat, 21 Nov 2026 08:00:00 GMT\" has a name for the "
      "zone; write \"Date: Sat, 21 Nov 2026 08:00:00 +0000\" (RFC 5322 section 3.3)");
}

TEST_F(FormatIdentification, date_lies_between_the_past_and_the_future_of_the_configuration) {
  const std::string future =
      "format.date-future: Date 2026-11-22T08:15:31.000Z is more than 1d ahead of now; set the "
      "clock of the host that wrote it (RFC 5322 section 3.6.1)";
  Draft draft = Draft().set("Date", "Sun, 22 Nov 2026 08:15:31 +0000");
  EXPECT_EQ(judged(draft), "advice " + future);
  EXPECT_EQ(judged(draft.bulk()), "violation 550 5.6.0 " + future);
  EXPECT_EQ(judged(Draft().set("Date", "Sun, 22 Nov 2026 08:15:30 +0000").bulk()), "");

  EXPECT_EQ(judged(Draft().set("Date", "Sat, 14 Nov 2026 08:15:29 +0000").bulk()),
            "advice format.date-past: Date 2026-11-14T08:15:29.000Z is more than 1w ago; give a "
            "message that is sent anew a new Date (RFC 5322 section 3.6.1)");
  EXPECT_EQ(judged(Draft().set("Date", "Sat, 14 Nov 2026 08:15:30 +0000").bulk()), "");

  config.format.date_future = std::chrono::minutes(5);
  config.format.date_past = std::chrono::hours(1);
  EXPECT_EQ(
      judged(Draft().set("Date", "Sat, 21 Nov 2026 08:20:31 +0000")),
      "advice format.date-future: Date 2026-11-21T08:20:31.000Z is more than 5m ahead of now; "
      "set the clock of the host that wrote it (RFC 5322 section 3.6.1)");
  EXPECT_EQ(judged(Draft().set("Date", "Sat, 21 Nov 2026 07:15:29 +0000")),
            "advice format.date-past: Date 2026-11-21T07:15:29.000Z is more than 1h ago; give a "
            "message that is sent anew a new Date (RFC 5322 section 3.6.1)");
}

TEST_F(FormatIdentification, bulk_mail_has_a_message_id) {
  const std::string text =
      "format.message-id-missing: there is no Message-ID field; add \"Message-ID: "
      "<UNIQUE@shop.example>\" (RFC 5322 section 3.6.4)";
  Draft draft = Draft().remove("Message-ID");
  EXPECT_EQ(judged(draft), "advice " + text);
  EXPECT_EQ(judged(draft.bulk()), "violation 550 5.6.0 " + text);
}

const std::string write_id = "write \"Message-ID: <UNIQUE@shop.example>\"";
const std::string cs01 = " -> 554 5.7.1 [CS01] Message rejected due to local policy";

TEST_F(FormatIdentification, message_id_is_one_identifier) {
  const std::string unreadable =
      "format.message-id-syntax: Message-ID is \"1@a.example\": offset 1: expected \"<\", found "
      "\"1\"; " +
      write_id + " (RFC 5322 section 3.6.4)" + cs01;
  Draft draft = Draft().set("Message-ID", "1@a.example");
  EXPECT_EQ(judged(draft), "advice " + unreadable);
  EXPECT_EQ(judged(draft.bulk()), "violation 550 5.6.0 " + unreadable);
  EXPECT_EQ(
      judged(Draft().set("Message-ID", "<1 @a.example>").bulk()),
      "violation 550 5.6.0 format.message-id-syntax: Message-ID is \"<1 @a.example>\": blanks, "
      "comments or quotes inside; " +
          write_id + " (RFC 5322 section 3.6.4)" + cs01);
}

TEST_F(FormatIdentification, message_id_of_bulk_mail_has_a_real_domain) {
  Draft draft = Draft().set("Message-ID", "<1@localhost>");
  EXPECT_EQ(judged(draft), "");
  EXPECT_EQ(
      judged(draft.bulk()),
      "violation 550 5.6.0 format.message-id-domain: Message-ID <1@localhost>: the right side "
      "ends in \"localhost\", which is in no public DNS; " +
          write_id + ", with a domain of yours (RFC 5322 section 3.6.4)" + cs01);
}

TEST_F(FormatIdentification, message_id_of_bulk_mail_has_plain_characters) {
  Draft draft = Draft().set("Message-ID", "<{1}@shop.example>");
  EXPECT_EQ(judged(draft), "");
  EXPECT_EQ(judged(draft.bulk()),
            "violation 550 5.6.0 format.message-id-characters: Message-ID <{1}@shop.example> has "
            "unusual characters; make it of letters, digits and . - _ + = $ ~ (RFC 5322 section "
            "3.6.4)" +
                cs01);
  EXPECT_EQ(judged(Draft().set("Message-ID", "<aZ9.-_+=$~@shop.example>").bulk()), "");
}

TEST_F(FormatIdentification, to_or_cc_names_somebody) {
  const std::string text =
      "advice format.recipients-missing: there is no To or Cc field with anything in it; add \"To: "
      "undisclosed-recipients:;\" when nobody shall be named (RFC 5322 section 3.6.3)";
  EXPECT_EQ(judged(Draft().remove("To")), text);
  EXPECT_EQ(judged(Draft().set("To", " ")), text);
  EXPECT_EQ(judged(Draft().remove("To").add("Cc", "eve@icloud.com")), "");
  EXPECT_EQ(judged(Draft().set("To", "undisclosed-recipients:;")), "");
}

TEST_F(FormatIdentification, return_path_and_bcc_are_left_behind) {
  EXPECT_EQ(
      judged(Draft().add("Return-Path", "<bounce@shop.example>")),
      "advice format.return-path: Return-Path: <bounce@shop.example>; remove it: the last mail "
      "server alone writes it (RFC 5321 section 4.4; Postfix: message_drop_headers)");
  EXPECT_EQ(judged(Draft().add("Bcc", "eve@icloud.com")),
            "advice format.bcc: a Bcc field shows who was to stay hidden; remove it before sending "
            "(RFC 5322 section 3.6.3; Postfix: message_drop_headers)");
}

TEST_F(FormatIdentification, a_message_that_goes_round_is_refused) {
  config.format.max_received = 2;
  Draft draft;
  draft.add("Received", "from a by b; Sat, 21 Nov 2026 08:00:00 +0000");
  draft.add("Received", "from a by b; Sat, 21 Nov 2026 08:00:00 +0000");
  EXPECT_EQ(judged(draft), "");
  draft.add("received", "from a by b; Sat, 21 Nov 2026 08:00:00 +0000");
  EXPECT_EQ(judged(draft),
            "violation 554 5.4.6 format.loop: 3 Received fields, more than 2; find the loop in the "
            "Received fields (RFC 5321 section 6.3)");
}

}  // namespace
}  // namespace icm
