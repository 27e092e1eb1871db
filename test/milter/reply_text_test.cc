// SPDX-License-Identifier: Apache-2.0
#include "milter/reply_text.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

SmtpReply reply(int code, std::string enhanced, std::string text) {
  return {.code = code, .enhanced = std::move(enhanced), .text = std::move(text)};
}

TEST(LegalReply, leaves_a_legal_reply_alone) {
  const SmtpReply legal = reply(550, "5.7.1", "From must name one mailbox [format.from]");
  EXPECT_EQ(legal_reply(legal), legal);
}

TEST(LegalReply, corrects_codes) {
  struct Case {
    int code;
    std::string enhanced;
    std::string expected;
  };
  for (const auto& [code, enhanced, expected] : {
           Case{550, "4.7.1", "550 5.7.1 no"},
           Case{451, "5.7.1", "451 4.7.1 no"},
           Case{550, "", "550 5.0.0 no"},
           Case{550, "5.7", "550 5.0.0 no"},
           Case{550, "5.7.1.1", "550 5.0.0 no"},
           Case{550, "5.1234.1", "550 5.0.0 no"},
           Case{550, "5..1", "550 5.0.0 no"},
           Case{550, "5.-1.1", "550 5.0.0 no"},
           Case{250, "2.0.0", "451 4.3.0 no"},
           Case{0, "", "451 4.3.0 no"},
           Case{460, "4.0.0", "451 4.3.0 no"},
           Case{560, "5.0.0", "451 4.3.0 no"},
           Case{5500, "5.0.0", "451 4.3.0 no"},
           Case{554, "5.999.999", "554 5.999.999 no"},
       }) {
    EXPECT_EQ(to_string(legal_reply(reply(code, enhanced, "no"))), expected);
  }
}

TEST(LegalReply, keeps_one_line_of_printable_ascii) {
  struct Case {
    std::string text;
    std::string expected;
  };
  for (const auto& [text, expected] : {
           Case{"a\r\n250 2.0.0 ok", "a 250 2.0.0 ok"},
           Case{"  a \t b  ", "a b"},
           Case{std::string("a\0b", 3), "a b"},
           Case{"caf\xc3\xa9 \xf0\x9f\x93\xa7", "caf? ?"},
           Case{"\x1b[31mred\x7f", "[31mred"},
           Case{"\xff\xfe", "??"},
           Case{"100% sure", "100% sure"},
           Case{"", "Message refused"},
           Case{"\r\n", "Message refused"},
       }) {
    EXPECT_EQ(legal_reply(reply(550, "5.6.0", text)).text, expected);
  }
  EXPECT_EQ(legal_reply(reply(451, "4.6.0", "")).text, "Try again later");
}

// RFC 5321 §4.5.3.1.5: 512 octets with code and CRLF.
TEST(LegalReply, fits_into_a_reply_line) {
  const SmtpReply longest = legal_reply(reply(550, "5.7.1", std::string(2000, 'x')));
  EXPECT_EQ(to_string(longest).size() + 2, 512u);
  EXPECT_TRUE(longest.text.ends_with("xxx..."));

  const std::string just_fits(512 - 2 - 10, 'y');
  EXPECT_EQ(legal_reply(reply(550, "5.7.1", just_fits)).text, just_fits);
}

// libmilter takes at most 980 octets, and there each '%' is two.
TEST(LegalReply, counts_a_percent_sign_twice) {
  const SmtpReply legal = legal_reply(reply(550, "5.7.1", std::string(2000, '%')));
  EXPECT_EQ(legal.text, std::string(248, '%') + "...");
}

}  // namespace
}  // namespace icm
