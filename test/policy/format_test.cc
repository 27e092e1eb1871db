// SPDX-License-Identifier: Apache-2.0
//
// format as a whole; its chapters and whole messages are in format_*_test.cc.
#include "test/policy/format_fixture.h"

namespace icm {
namespace {

class Format : public FormatTest {};

TEST_F(Format, a_good_message_is_beyond_reproach) {
  EXPECT_EQ(judged(Draft()), "");
  EXPECT_EQ(judged(Draft().bulk()), "");
}

TEST_F(Format, each_rule_speaks_once) {
  Draft draft;
  draft.body = "a\rb\r\n";
  draft.set("Subject", "a\rb");
  EXPECT_EQ(
      judged(draft),
      "violation 550 5.6.0 format.bare-cr: Subject has a CR that no LF follows; end lines with "
      "CR and LF, and use neither alone (RFC 5321 section 2.3.8)");
}

TEST_F(Format, a_message_larger_than_apple_takes_is_refused) {
  config.format.max_size = 1024;
  Draft draft;
  std::size_t header_size = 2;
  for (const auto& [name, value] : draft.fields) header_size += name.size() + value.size() + 4;
  const std::string line = std::string(98, 'x') + "\r\n";
  draft.body.clear();
  while (draft.body.size() + header_size + 100 <= 1024) draft.body += line;
  draft.body += std::string(1022 - header_size - draft.body.size(), 'y') + "\r\n";
  EXPECT_EQ(judged(draft), "");
  draft.body += "z";
  EXPECT_EQ(
      judged(draft),
      "violation 552 5.3.4 format.size: 1025 octets, Apple takes 1024; send less, or a link to "
      "it -> 552 5.3.4 Message size exceeds fixed limit");
}

TEST_F(Format, a_message_that_announces_itself_as_too_large_is_refused_at_rcpt) {
  const auto at_rcpt = [&](const Recipient& to) {
    return shown(make_format(config, means_without_keys(list))
                     ->judge_recipient(envelope, to, now, Deadline::in(std::chrono::hours(1))));
  };
  Recipient other = recipient("bob@other.example");
  other.is_apple = false;
  envelope.role = Role::direct;
  EXPECT_EQ(at_rcpt(envelope.recipients[0]), "");
  envelope.declared_size = config.format.max_size;
  EXPECT_EQ(at_rcpt(envelope.recipients[0]), "");
  envelope.declared_size = config.format.max_size + 1;
  EXPECT_EQ(
      at_rcpt(envelope.recipients[0]),
      "violation 552 5.3.4 format.size: 28319745 octets, Apple takes 28319744; send less, or a "
      "link to it -> 552 5.3.4 Message size exceeds fixed limit");
  EXPECT_EQ(at_rcpt(other), "");
  envelope.role = Role::gate;
  EXPECT_EQ(at_rcpt(envelope.recipients[0]), "") << "it may be forwarded mail, only observed";
}

TEST_F(Format, what_a_message_says_cannot_break_out_of_the_evidence) {
  const std::string found = judged(Draft().add("X\r\n250 ok", "\n.\n"));
  EXPECT_EQ(std::count(found.begin(), found.end(), '\n'), 1);  // between two findings
  EXPECT_EQ(found.find('\r'), std::string::npos);
}

TEST_F(Format, the_first_violation_is_the_one_that_is_answered) {
  Draft draft = Draft().remove("Date").add("From", "b@shop.example");
  draft.body = "a\n";
  envelope.reverse_path = ReversePath::from("root");
  const std::string found = judged(draft);
  std::string rules;
  for (const std::string_view finding : split(found, '\n')) {
    const std::size_t begin = finding.find("format.");
    rules += std::string(finding.substr(begin, finding.find(':') - begin)) + " ";
  }
  EXPECT_EQ(rules,
            "format.from-repeated format.envelope-sender format.date-missing format.bare-lf ");
}

TEST_F(Format, bounds_what_it_quotes) {
  Draft draft = Draft().set("From", std::string(5000, 'a') + "@" + std::string(5000, 'b'));
  draft.set("Date", std::string(5000, 'd')).set("Message-ID", std::string(5000, 'm')).bulk();
  draft.add(std::string(5000, '\x01'), "x").set("To", std::string(5000, ';'));
  const std::string found = judged(draft);
  std::size_t longest = 0;
  for (const std::string_view line : split(found, '\n')) longest = std::max(longest, line.size());
  EXPECT_GT(std::count(found.begin(), found.end(), '\n'), 4);
  EXPECT_LT(longest, 900u);
}

}  // namespace
}  // namespace icm
