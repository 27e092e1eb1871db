// SPDX-License-Identifier: Apache-2.0
#include "policy/replies/reply_table.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "policy/base/text.h"
#include "policy/replies/reply_table_check.h"
#include "policy/replies/reply_table_file.h"
#include "test/policy/replies/samples_file.h"

namespace icm {
namespace {

const ReplyTable& table() {
  static const ReplyTable built_in = load_reply_table("").value();
  return built_in;
}

const ReplyEntry& classify(std::string_view reply) {
  return table().classify(parse_received_reply(reply));
}

std::string spelled(ReplyClass reply_class, ReplyNature nature, ReplyAction action) {
  return std::string(to_string(reply_class)) + " " + std::string(to_string(nature)) + " " +
         std::string(to_string(action));
}

std::string spelled(const Sample& sample) {
  return spelled(sample.reply_class, sample.nature, sample.action);
}

// How the table answers `reply`.
std::string answer(std::string_view reply) {
  const ReceivedReply received = parse_received_reply(reply);
  const ReplyEntry& entry = table().classify(received);
  return spelled(entry.reply_class, nature_of(entry, received), entry.action);
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

std::string in_capitals(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

bool begins_with_code(std::string_view text) {
  return text.size() > 4 && is_digit(text[0]) && is_digit(text[1]) && is_digit(text[2]) &&
         text[3] == ' ';
}

std::string without_enhanced_code(const std::string& reply) {
  const std::size_t end = reply.find(' ', 4);
  const bool has_code = end != std::string::npos && is_digit(reply[4]) && reply[5] == '.';
  return has_code ? reply.substr(0, 4) + reply.substr(end + 1) : reply;
}

// RFC 5321 §4.2.1: "550-5.1.1 half" and "550 5.1.1 the rest", both codes in each line.
std::string in_two_lines(const std::string& reply) {
  const bool has_code = is_digit(reply[4]) && reply[5] == '.';
  const std::size_t words = has_code ? reply.find(' ', 4) + 1 : 4;
  const std::size_t middle = reply.find(' ', words + (reply.size() - words) / 2);
  if (middle == std::string::npos) return reply;
  const std::string codes = reply.substr(4, words - 4);
  return reply.substr(0, 3) + "-" + codes + reply.substr(words, middle - words) + "\r\n" +
         reply.substr(0, 4) + codes + reply.substr(middle + 1);
}

// The same reply as others write it down.
std::vector<std::string> variations(const Sample& sample) {
  const std::string& reply = sample.reply;
  const std::string host = "mx01.mail.icloud.com[192.0.2.25]";
  std::vector<std::string> all = {
      "  " + reply + "  \r\n",
      in_capitals(reply),
      "host " + host + " said: " + reply + " (in reply to RCPT TO command)",
      "host " + host + " said: " + reply + " (in reply to end of DATA command)",
      "smtp; " + reply,
      "Diagnostic-Code: smtp; " + reply,
      "<<< " + reply,
      "SMTP error from remote mail server after RCPT TO:<a@icloud.com>: host mx.example "
      "[192.0.2.7]: " +
          reply,
      reply + " Txn ID 3f1c8f5e-0d1c-4a4e-9a53-0d6f1c2b3a49",
      replaced(reply, " ", "  "),
      replaced(reply, " ", "\r\n   "),
      replaced(reply, "'", "\xE2\x80\x99"),
      replaced(reply, "'", "\x92"),
      replaced(reply, "user@icloud.com", "j\xC3\xBCrgen.user.unknown@m\xC3\xBCller.example"),
      replaced(reply, "user@icloud.com", "mailbox-full@example.org"),
  };
  if (begins_with_code(reply)) {
    all.push_back(replaced(reply.substr(0, 4), " ", "-") + reply.substr(4));
    all.push_back(in_two_lines(reply));
    all.push_back(replaced(in_two_lines(reply), "\r\n", " "));
    if (!sample.by_codes) all.push_back(without_enhanced_code(reply));
  }
  return all;
}

TEST(ReplyTable, of_the_program_passes_its_own_check) {
  EXPECT_EQ(check_reply_table(table()), std::vector<std::string>());
  EXPECT_GT(table().entries().size(), 90U);
}

TEST(ReplyTable, knows_every_sample) {
  for (const std::string name :
       {"samples.txt", "framed_samples.txt", "worded_samples.txt", "seen_samples.txt"}) {
    const std::vector<Sample> samples = read_samples(name);
    EXPECT_GT(samples.size(), 30U) << name;
    for (const Sample& sample : samples) {
      EXPECT_EQ(answer(sample.reply), spelled(sample))
          << sample.reply << "\nby " << classify(sample.reply).id;
    }
  }
}

TEST(ReplyTable, knows_every_sample_however_it_is_written_down) {
  for (const Sample& sample : read_samples("samples.txt")) {
    for (const std::string& variation : variations(sample)) {
      EXPECT_EQ(answer(variation), spelled(sample))
          << variation << "\nby " << classify(variation).id;
    }
  }
}

TEST(ReplyTable, lets_no_address_suffer_for_what_is_not_its_own) {
  std::size_t suppressed = 0;
  std::size_t wrongly = 0;
  for (const Sample& sample : read_samples("samples.txt")) {
    const bool is_gone = sample.reply_class == ReplyClass::recipient_gone;
    for (const std::string& variation : variations(sample)) {
      if (classify(variation).action != ReplyAction::suppress_address) continue;
      ++(is_gone ? suppressed : wrongly);
    }
  }
  EXPECT_EQ(wrongly, 0U);
  EXPECT_GT(suppressed, 50U);  // it does suppress where it should
  for (const ReplyEntry& entry : table().entries()) {
    EXPECT_EQ(why_action_is_wrong(entry), "") << entry.id;
  }
}

TEST(ReplyTable, suppresses_nobody_for_words_that_are_not_surely_of_the_recipient) {
  std::size_t seen = 0;
  for (const std::string& reply : read_lines("harmless_samples.txt")) {
    const ReplyEntry& entry = classify(reply);
    EXPECT_NE(entry.action, ReplyAction::suppress_address) << reply << "\nby " << entry.id;
    ++seen;
  }
  EXPECT_GT(seen, 60U);
}

TEST(ReplyTable, holds_nothing_against_a_recipient_before_one_was_named) {
  for (const std::string words :
       {"550 5.1.1 <b@example.com>: user unknown", "552 5.2.2 mailbox full", "550 5.1.1",
        "550 5.1.1 inactive email address", "554 5.7.1 relay access denied"}) {
    for (const std::string& reply :
         {"host mx[192.0.2.1] said: " + words + " (in reply to MAIL FROM command)",
          "host mx[192.0.2.1] said: " + words + " (in reply to EHLO command)",
          "host mx[192.0.2.1] refused to talk to me: " + words,
          "SMTP error from remote mail server after MAIL FROM:<b@example.com> SIZE=9: " + words,
          "SMTP error from remote mail server after pipelined MAIL FROM:<>: " + words}) {
      EXPECT_NE(classify(reply).scope, ReplyScope::address) << reply;
    }
    EXPECT_EQ(
        classify("host mx[192.0.2.1] said: " + words + " (in reply to RCPT TO command)").scope,
        ReplyScope::address)
        << words;
  }
}

TEST(ReplyTable, says_of_a_cause_that_passes_or_not_with_which_code_it_came) {
  EXPECT_EQ(answer("450 4.1.8 <b@x.example>: Sender address rejected: Domain not found"),
            "our-dns permanent-as-4xx fix-config-alert");
  EXPECT_EQ(answer("550 5.1.8 <b@x.example>: Sender address rejected: Domain not found"),
            "our-dns until-fixed fix-config-alert");
  EXPECT_EQ(answer("554 mx.example ESMTP not accepting connections"),
            "connection transient-as-5xx pause-destination");
  EXPECT_EQ(answer("421 mx.example ESMTP not accepting connections"),
            "connection transient pause-destination");
  EXPECT_EQ(answer("550 greylisted"), "throttle transient-as-5xx retry-soft");
}

TEST(ReplyTable, reads_a_code_that_stands_alone_with_little_confidence) {
  EXPECT_EQ(classify("550 5.1.1").id, "bare-5-1-1");
  EXPECT_EQ(classify("550 5.1.1 <a@icloud.com>").id, "bare-5-1-1");
  EXPECT_EQ(classify("550 5.1.1 something new").id, "generic-5-1-x");
  EXPECT_EQ(classify("550 5.1.1").confidence, Confidence::low);
}

TEST(ReplyTable, holds_nothing_against_anybody_for_a_reply_it_does_not_know) {
  const ReplyTable empty = ReplyTable::make({}).value();
  const ReplyEntry& entry = empty.classify(parse_received_reply("550 5.1.1 user does not exist"));
  EXPECT_EQ(&entry, &unknown_reply());
  EXPECT_EQ(spelled(entry.reply_class, entry.nature, entry.action), "unknown unknown sample-alert");
}

TEST(ReplyTable, takes_the_first_entry_that_fits) {
  ReplyEntry words;
  words.id = "words";
  words.pattern = "no luck";
  ReplyEntry code;
  code.id = "code";
  code.codes = {"55"};
  const ReplyTable both = ReplyTable::make({words, code}).value();
  EXPECT_EQ(both.classify(parse_received_reply("550 no luck")).id, "words");
  EXPECT_EQ(both.classify(parse_received_reply("550 noluck")).id, "words");
  EXPECT_EQ(both.classify(parse_received_reply("550 luck")).id, "code");
  EXPECT_EQ(both.classify(parse_received_reply("450 luck")).id, "unknown");
}

TEST(ReplyTable, refuses_a_pattern_that_is_none) {
  ReplyEntry entry;
  entry.id = "mine";
  entry.pattern = "(";
  EXPECT_EQ(ReplyTable::make({entry}).error(),
            (Error{Code::config, "mine: pattern: is no regular expression: missing ): ("}));
  entry.pattern = ".*";
  EXPECT_EQ(ReplyTable::make({entry}).error(),
            (Error{Code::config, "mine: pattern: matches the empty text, and so every reply"}));
}

TEST(ReplyTableCheck, names_what_would_harm_an_address) {
  ReplyEntry entry;
  entry.id = "mine";
  entry.pattern = "go away";
  entry.meaning = entry.remedy = entry.source = "x";
  entry.examples = {"550 go away", "550 stay"};
  entry.reply_class = ReplyClass::content;
  entry.scope = ReplyScope::address;
  entry.action = ReplyAction::suppress_address;
  EXPECT_EQ(check_reply_table(ReplyTable::make({entry}).value()),
            (std::vector<std::string>{"mine: suppress-address needs the class recipient-gone",
                                      "mine: the example \"550 stay\" is explained by unknown"}));
}

}  // namespace
}  // namespace icm
