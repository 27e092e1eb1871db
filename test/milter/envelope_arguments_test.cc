// SPDX-License-Identifier: Apache-2.0
#include "milter/envelope_arguments.h"

#include <vector>

#include <gtest/gtest.h>

namespace icm {
namespace {

using Arguments = std::vector<std::string_view>;

TEST(ReversePathOf, reads_what_smtp_and_sendmail_say) {
  struct Case {
    Arguments arguments;
    std::string text;
    bool has_mailbox;
  };
  for (const auto& [arguments, text, has_mailbox] : {
           Case{{"<a@b.example>", "SIZE=100"}, "a@b.example", true},
           Case{{"a@b.example"}, "a@b.example", true},
           Case{{"<>"}, "", false},
           Case{{""}, "", false},
           Case{{}, "", false},
           Case{{"<root>"}, "root", false},
       }) {
    const ReversePath path = reverse_path_of(arguments);
    EXPECT_EQ(path.text, text);
    EXPECT_EQ(path.mailbox.has_value(), has_mailbox) << text;
    EXPECT_EQ(path.is_null(), text.empty());
  }
}

TEST(ReadMailParameters, keeps_what_a_judgement_needs) {
  struct Case {
    Arguments arguments;
    bool smtputf8;
    bool eight_bit_mime;
    std::optional<std::uint64_t> size;
  };
  for (const auto& [arguments, smtputf8, eight_bit_mime, size] : {
           Case{{"<a@b.example>", "SIZE=28319745", "BODY=8BITMIME", "SMTPUTF8"},
                true,
                true,
                28319745},
           Case{{"<a@b.example>", "size=7", "body=8bitmime", "smtputf8"}, true, true, 7},
           Case{{"<a@b.example>", "BODY=BINARYMIME"}, false, true, std::nullopt},
           Case{
               {"<a@b.example>", "BODY=7BIT", "SIZE=", "SMTPUTF8=yes"}, false, false, std::nullopt},
           Case{{"<a@b.example>", "SIZE=-1"}, false, false, std::nullopt},
           Case{{"SMTPUTF8"}, false, false, std::nullopt},
           Case{{}, false, false, std::nullopt},
       }) {
    Envelope envelope;
    read_mail_parameters(arguments, envelope);
    EXPECT_EQ(envelope.smtputf8, smtputf8);
    EXPECT_EQ(envelope.eight_bit_mime, eight_bit_mime);
    EXPECT_EQ(envelope.declared_size, size);
  }
}

TEST(RecipientOf, keeps_the_text_without_brackets) {
  EXPECT_EQ(recipient_of(Arguments{"<Bob@iCloud.com>"}).text, "Bob@iCloud.com");
  EXPECT_EQ(recipient_of(Arguments{"bob@icloud.com"}).text, "bob@icloud.com");
  EXPECT_EQ(recipient_of(Arguments{"<postmaster>"}).text, "postmaster");
  EXPECT_FALSE(recipient_of(Arguments{"<postmaster>"}).mailbox);
  EXPECT_EQ(recipient_of(Arguments{}).text, "");
}

// RFC 3461 §4.2.
TEST(RecipientOf, decodes_the_original_recipient) {
  struct Case {
    Arguments arguments;
    std::optional<std::string> original;
  };
  for (const auto& [arguments, original] : {
           Case{{"<b@icloud.com>", "NOTIFY=NEVER", "ORCPT=rfc822;fwd@ours.example"},
                "fwd@ours.example"},
           Case{{"<b@icloud.com>", "orcpt=RFC822;a+2Bb@c"}, "a+b@c"},
           Case{{"<b@icloud.com>", "ORCPT=utf-8;a@c"}, std::nullopt},
           Case{{"<b@icloud.com>", "ORCPT=rfc822;a=b@c"}, std::nullopt},
           Case{{"<b@icloud.com>", "ORCPT=a@c"}, std::nullopt},
           Case{{"<b@icloud.com>"}, std::nullopt},
           Case{{"ORCPT=rfc822;a@c"}, std::nullopt},
       }) {
    EXPECT_EQ(recipient_of(arguments).original, original);
  }
}

// RFC 3461 §4: xchar is "!" to "~" without "+" and "="; hexchar has upper-case digits.
TEST(DecodeXtext, holds_to_the_grammar) {
  struct Case {
    std::string_view text;
    std::optional<std::string> decoded;
  };
  for (const auto& [text, decoded] : {
           Case{"", ""},
           Case{"abc", "abc"},
           Case{"+41+3D", "A="},
           Case{"+2b", std::nullopt},
           Case{"+2", std::nullopt},
           Case{"+", std::nullopt},
           Case{"a b", std::nullopt},
           Case{"a=b", std::nullopt},
           Case{"\x7f", std::nullopt},
           Case{"+0A", "\n"},
       }) {
    EXPECT_EQ(decode_xtext(text), decoded) << text;
  }
}

}  // namespace
}  // namespace icm
