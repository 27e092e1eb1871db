// SPDX-License-Identifier: Apache-2.0
#include "policy/inspection.h"

#include <gtest/gtest.h>

#include "test/support/mail_text.h"

namespace icm {
namespace {

const WallTime now = *parse_time("2026-11-21T08:00:00Z");

class InspectionTest : public testing::Test {
 protected:
  InspectionTest() { envelope.reverse_path = ReversePath::from("a@b.example"); }

  void feed(Inspection& inspection, std::string_view text, std::size_t chunk = 7) const {
    const MailText mail = mail_text(text);
    for (std::size_t i = 0; i < mail.headers.size(); ++i) {
      inspection.header(mail.headers[i].name, mail.headers[i].value);
    }
    inspection.end_of_header(envelope);
    for (std::string_view rest = mail.body; !rest.empty();
         rest.remove_prefix(std::min(chunk, rest.size()))) {
      inspection.body(rest.substr(0, chunk));
    }
  }

  Config config;
  Envelope envelope;
};

TEST_F(InspectionTest, turns_a_message_into_facts) {
  Inspection inspection(config);
  feed(inspection,
       "From: News <news@shop.example>\n"
       "List-Unsubscribe: <https://shop.example/u/1>\n"
       "\n"
       "Hello,\n"
       "world\n");

  const Facts facts = inspection.facts(envelope, now);

  EXPECT_EQ(&facts.envelope, &envelope);
  EXPECT_EQ(facts.headers.size(), 2u);
  ASSERT_TRUE(facts.authors);
  EXPECT_EQ(facts.authors->at(0).text(), "news@shop.example");
  EXPECT_EQ(facts.classification.reason, "List-Unsubscribe");
  EXPECT_EQ(facts.body.size, 15u);
  EXPECT_EQ(facts.body.lines, 2u);
  EXPECT_EQ(facts.now, now);
  EXPECT_FALSE(facts.header_overflow);
}

TEST_F(InspectionTest, knows_author_and_class_before_the_body) {
  Inspection inspection(config);
  feed(inspection, "From: a@b.example\nPrecedence: bulk\n");
  ASSERT_TRUE(inspection.authors());
  EXPECT_EQ(inspection.authors()->at(0).domain, "b.example");
  EXPECT_EQ(inspection.classification().mail_class, MailClass::bulk);
}

TEST_F(InspectionTest, keeps_the_opening_of_mail_that_nothing_declares) {
  const Mailings mailings;
  const std::string words = "Half price on all coats this week.\n";
  std::string body;
  while (body.size() < Mailings::opening_octets) body += words;
  const auto number = [&](std::string_view text, std::size_t chunk) {
    Inspection inspection(config);
    feed(inspection, text, chunk);
    return inspection.mail_template(mailings);
  };
  const std::string header = "From: a@shop.example\nSubject: Sale\n\n";
  const auto whole = number(header + body, 100000);
  ASSERT_TRUE(whole);
  EXPECT_EQ(number(header + body, 7), whole);
  EXPECT_EQ(number(header + body + "and what is far below does not matter\n", 7), whole);
  EXPECT_NE(number(header + "Another text.\n", 7), whole);
  EXPECT_EQ(number("List-Id: <a.b.example>\n" + header + body, 7), std::nullopt);
  EXPECT_EQ(number("Subject: Sale\n\n" + body, 7), std::nullopt) << "nobody wrote it";
  config.mailings.recipients = 0;
  EXPECT_EQ(number(header + body, 7), std::nullopt);
}

TEST_F(InspectionTest, says_that_there_is_no_author) {
  Inspection inspection(config);
  feed(inspection, "Subject: x\n");
  EXPECT_EQ(inspection.authors().error().text, "there is no From field");
  Inspection syntax(config);
  feed(syntax, "From: a@@b\n");
  EXPECT_FALSE(syntax.authors());
}

TEST_F(InspectionTest, takes_nobody_for_the_author_when_there_are_two_from_fields) {
  Inspection inspection(config);
  feed(inspection, "From: a@b.example\nFrom: c@d.example\n");
  EXPECT_EQ(inspection.authors().error().text, "2 From fields");
}

TEST_F(InspectionTest, gives_the_same_facts_when_asked_again) {
  Inspection inspection(config);
  feed(inspection, "Subject: x\n\nbody\n");
  const BodyFindings first = inspection.facts(envelope, now).body;
  EXPECT_EQ(inspection.facts(envelope, now).body, first);
  EXPECT_EQ(first.size, 6u);
}

TEST_F(InspectionTest, counts_the_octets_of_the_whole_message) {
  Inspection inspection(config);
  feed(inspection, "Subject: x\nTo: y\n\nbody\n");
  EXPECT_EQ(inspection.octets(), std::string_view("Subject: x\r\nTo: y\r\n\r\nbody\r\n").size());
}

TEST_F(InspectionTest, keeps_no_more_fields_than_configured) {
  config.limits.header_fields = 3;
  Inspection inspection(config);
  for (int i = 0; i < 5; ++i) inspection.header("X", fmt::format(" {}", i));
  inspection.end_of_header(envelope);
  EXPECT_TRUE(inspection.header_overflow());
  EXPECT_TRUE(inspection.facts(envelope, now).header_overflow);
  EXPECT_EQ(inspection.headers().size(), 3u);
  EXPECT_EQ(inspection.octets(), 5 * std::string_view("X: 0\r\n").size() + 2);
}

TEST_F(InspectionTest, keeps_the_top_of_the_header_without_a_gap) {
  config.limits.header_octets = 100;
  Inspection inspection(config);
  inspection.header("Received", " one");
  inspection.header("Subject", std::string(200, 'x'));
  inspection.header("From", " a@b.example");
  inspection.end_of_header(envelope);
  EXPECT_TRUE(inspection.header_overflow());
  EXPECT_EQ(inspection.headers().size(), 1u);
  EXPECT_FALSE(inspection.authors());
}

TEST_F(InspectionTest, takes_a_header_of_exactly_the_configured_size) {
  config.limits.header_octets = std::string_view("X: 0123456789\r\n").size();
  Inspection fits(config);
  fits.header("X", " 0123456789");
  EXPECT_FALSE(fits.header_overflow());
  Inspection exceeds(config);
  exceeds.header("X", " 01234567890");
  EXPECT_TRUE(exceeds.header_overflow());
}

}  // namespace
}  // namespace icm
