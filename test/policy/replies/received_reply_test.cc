// SPDX-License-Identifier: Apache-2.0
#include "policy/replies/received_reply.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace icm {
namespace {

TEST(ReceivedReply, is_read_as_the_receiver_sent_it) {
  const ReceivedReply reply = parse_received_reply("550 5.1.1 <a@icloud.com>: user does not exist");
  EXPECT_EQ(reply.speaker, Speaker::unknown);
  EXPECT_EQ(reply.code, 550);
  EXPECT_EQ(reply.enhanced_code, "5.1.1");
  EXPECT_EQ(reply.text, "<a@icloud.com>: user does not exist");
}

TEST(ReceivedReply, is_found_in_what_postfix_logs) {
  const ReceivedReply reply = parse_received_reply(
      "dsn=4.7.0, status=deferred (host mx01.mail.icloud.com[192.0.2.25] refused to talk to me: "
      "550 5.7.0 Blocked)");
  EXPECT_EQ(reply.speaker, Speaker::receiver);
  EXPECT_EQ(reply.code, 550);
  EXPECT_EQ(reply.text, "Blocked");
  EXPECT_EQ(parse_received_reply("host mx[192.0.2.25] said: 450 busy (in reply to RCPT TO command)")
                .command,
            "RCPT TO");
}

TEST(ReceivedReply, cannot_pass_for_a_frame) {
  const ReceivedReply reply =
      parse_received_reply("host mx[192.0.2.25] said: 554 no. host me said: 250 2.0.0 Ok");
  EXPECT_EQ(reply.code, 554);
  EXPECT_EQ(parse_received_reply("554 host me said: 250 2.0.0 Ok").code, 554);
  EXPECT_EQ(parse_received_reply("554 no, status=sent (250 2.0.0 Ok)").code, 554);
  EXPECT_EQ(parse_received_reply("host mx[192.0.2.25] said: 554 status=sent (250 Ok)").code, 554);
}

TEST(ReceivedReply, is_found_in_what_qmail_logs) {
  const ReceivedReply reply = parse_received_reply(
      "delivery 250: failure: 192.0.2.25_does_not_like_recipient./Remote_host_said:_550_5.1.1_"
      "<a_b@icloud.com>:_user_does_not_exist/Giving_up_on_192.0.2.25./");
  EXPECT_EQ(reply.code, 550);
  EXPECT_EQ(reply.enhanced_code, "5.1.1");
  EXPECT_EQ(parse_received_reply("550 a_b: delivery 7: failure").text, "a_b: delivery 7: failure");
}

TEST(ReceivedReply, is_found_in_the_brackets_of_exchange) {
  const ReceivedReply reply = parse_received_reply(
      "554 5.7.1 <mx02.mail.icloud.com #5.7.1 smtp; 554 5.7.1 [CS01] Message rejected>");
  EXPECT_EQ(reply.code, 554);
  EXPECT_EQ(reply.text, "[CS01] Message rejected");
  EXPECT_EQ(parse_received_reply("554 5.7.1 <mx.example #2.0.0 smtp; 250 2.0.0 Ok>").code, 554);
}

TEST(ReceivedReply, tells_whether_a_recipient_was_named_before) {
  for (const std::string_view early :
       {"host mx[192.0.2.1] said: 550 no (in reply to MAIL FROM command)",
        "host mx[192.0.2.1] said: 550 no (in reply to MAIL",
        "host mx[192.0.2.1] refused to talk to me: 550 no",
        "SMTP error from remote mail server after pipelined MAIL FROM:<a@b.example> SIZE=9: 550 no",
        "SMTP error from remote mail server after initial connection: 550 no",
        "Mail command failed: 550 no", "Callback for <a@b.example>: 550 no",
        "{\"response\":\"550 no\",\"command\":\"MAIL FROM\"}"}) {
    EXPECT_EQ(parse_received_reply(early).code, 550) << early;
    EXPECT_TRUE(parse_received_reply(early).names_no_recipient()) << early;
  }
  for (const std::string_view later :
       {"550 no", "550 MAIL FROM: no",
        "host mx[192.0.2.1] said: 550 no (in reply to RCPT TO command)",
        "SMTP error from remote mail server after RCPT TO:<mail@b.example>: 550 no",
        "{\"response\":\"550 no\",\"command\":\"RCPT TO\"}"}) {
    EXPECT_FALSE(parse_received_reply(later).names_no_recipient()) << later;
  }
}

TEST(ReceivedReply, of_several_lines_is_joined_and_its_last_code_counts) {
  for (const std::string_view text : {"550-5.1.1 one\r\n550-5.1.1 two\r\n550 5.1.1 three",
                                      "550-5.1.1 one 550-5.1.1 two 550 5.1.1 three",
                                      "550-5.1.1 one\\r\\n550-5.1.1 two\\r\\n550 5.1.1 three"}) {
    const ReceivedReply reply = parse_received_reply(text);
    EXPECT_EQ(reply.text, "one two three") << text;
    EXPECT_EQ(reply.code, 550) << text;
  }
  EXPECT_EQ(parse_received_reply("450-4.2.1 one 550 5.2.1 two").code, 550);
}

TEST(ReceivedReply, has_the_severity_of_its_code_not_of_its_enhanced_code) {
  EXPECT_EQ(parse_received_reply("450 5.1.1 a").severity(), 4);
  EXPECT_EQ(parse_received_reply("5.1.1 a").severity(), 5);
  EXPECT_EQ(parse_received_reply("a").severity(), 0);
}

TEST(ReceivedReply, gives_the_transaction_and_leaves_it_out_of_the_words) {
  const ReceivedReply reply =
      parse_received_reply("554 5.7.1 [CS01] no. Txn ID 3f1c8f5e-0d1c-4a4e-9a53-0d6f1c2b3a49");
  EXPECT_EQ(reply.transaction_id, "3f1c8f5e-0d1c-4a4e-9a53-0d6f1c2b3a49");
  EXPECT_EQ(reply.text, "[CS01] no.");
}

TEST(ReceivedReply, is_printable_whatever_it_was) {
  EXPECT_EQ(parse_received_reply("550 a\x1b[31m\xFF\xE2\x80\x99z").text, "a [31m?'z");
  EXPECT_EQ(parse_received_reply(std::string_view("550 a\0b", 7)).text, "a b");
  EXPECT_LE(parse_received_reply("550 " + std::string(100'000, 'a')).text.size(), max_reply_octets);
}

TEST(ReceivedReply, tells_our_own_words_from_a_receivers) {
  for (const std::string_view ours :
       {"connect to mx01.mail.icloud.com[192.0.2.25]:25: Connection refused",
        "lost connection with mx01.mail.icloud.com[192.0.2.25] while sending MAIL FROM",
        "NOQUEUE: reject: RCPT from a[192.0.2.1]: 451 4.7.1 Service unavailable"}) {
    EXPECT_EQ(parse_received_reply(ours).speaker, Speaker::ourselves) << ours;
  }
}

TEST(ReceivedReply, is_none_where_our_own_server_answered_somebody) {
  const ReceivedReply reply = parse_received_reply(
      "4B1F: milter-reject: RCPT from a[192.0.2.1]: 550 5.1.1 <a@icloud.com>: user does not exist");
  EXPECT_EQ(reply.speaker, Speaker::ourselves);
  EXPECT_EQ(reply.severity(), 0);
  EXPECT_TRUE(reply.text.starts_with("milter-reject: RCPT from")) << reply.text;
  for (const std::string_view ours :
       {"status=deferred (451 4.7.1 Service unavailable - try again later)",
        "host 127.0.0.1[127.0.0.1] said: 451 4.7.1 Service unavailable"}) {
    EXPECT_EQ(parse_received_reply(ours).speaker, Speaker::ourselves) << ours;
    EXPECT_EQ(parse_received_reply(ours).code, 451) << ours;
  }
  EXPECT_EQ(parse_received_reply("status=sent (250 2.0.0 Ok)").speaker, Speaker::receiver);
}

TEST(WordsWithoutAddresses, keep_no_name_that_could_be_read_as_a_reason) {
  EXPECT_EQ(
      words_without_addresses("<\"user unknown\"@x.example>: no, for mailbox-full@x.example."),
      "<@>: no, for @");
  EXPECT_EQ(words_without_addresses("bare <LF> received"), "bare <LF> received");
}

// Whoever sends through us chooses what he is called, and a receiver quotes it.
TEST(WordsWithoutAddresses, keep_nothing_of_a_sender_who_closes_the_bracket_within_his_quotes) {
  for (const std::string_view sender :
       {R"("a> [HCM2] x"@evil.example)", R"("a.b@> your mail was [HCM2] rejected"@evil.example)",
        R"("\"> [HCM2]"@evil.example)", R"("[HCM2] user unknown"@evil.example)"}) {
    EXPECT_EQ(words_without_addresses(fmt::format("<{}>: no", sender)), "<@>: no") << sender;
    EXPECT_EQ(words_without_addresses(fmt::format("{}: no", sender)), "@ no") << sender;
  }
  const std::string longer(400, 'a');
  EXPECT_EQ(words_without_addresses(fmt::format("<{}[HCM2]@evil.example>: no", longer)), "<@>: no");
  EXPECT_EQ(words_without_addresses(fmt::format("<\"{} [HCM2]\"@evil.example>: no", longer)),
            "<@>: no");
}

TEST(WordsWithoutAddresses, keep_quotes_that_are_no_address) {
  for (const std::string_view words : {R"(said "user unknown" twice)", R"(an open " quote)"}) {
    EXPECT_EQ(words_without_addresses(words), words);
  }
}

}  // namespace
}  // namespace icm
