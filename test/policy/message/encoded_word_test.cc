// SPDX-License-Identifier: Apache-2.0
//
// Encoded words, among them the examples of RFC 2047 §8.
#include "policy/message/encoded_word.h"

#include <string>

#include <gtest/gtest.h>

namespace icm {
namespace {

TEST(DecodeEncodedWords, decodes_octets_and_joins_neighbours) {
  struct Case {
    std::string_view text, decoded;
  };
  for (const auto& [text, decoded] : {
           Case{"", ""},
           Case{"plain =? text ?=", "plain =? text ?="},
           Case{"=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"},
           Case{"=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld J\xf8rn Simonsen"},
           Case{"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n "
                "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
                "If you can read this you understand the example."},
           Case{"=?ISO-8859-1?Q?a?= b", "a b"},
           Case{"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
           Case{"=?ISO-8859-1?Q?a?=  \t =?ISO-8859-1?Q?b?= c", "ab c"},
           Case{"=?ISO-8859-1?Q?a_b?=", "a b"},
           Case{"=?utf-8*en?b?YQ?=", "a"},
           Case{"=?utf-8?q?a=4?= =?utf-8?q?a=zz?=", "=?utf-8?q?a=4?= =?utf-8?q?a=zz?="},
           Case{"=?utf-8?b?Y Q==?=", "=?utf-8?b?Y Q==?="},
           Case{"=?utf-8?b?%%?=", "=?utf-8?b?%%?="},
           Case{"=?utf-8?x?a?=", "=?utf-8?x?a?="},
       }) {
    EXPECT_EQ(decode_encoded_words(text), decoded) << text;
  }
}

TEST(EncodedWordFault, is_silent_about_good_words_and_plain_text) {
  for (const std::string_view text :
       {"", "what is 1=?2", "=?", "=?=?=?", "a =? b ?= c", "=?utf-8?Q?J=C3=BCrgen?= <j@a.example>",
        "=?utf-8?B?w7w=?= =?ISO-2022-JP?B?GyRCJD8bKEI=?="}) {
    EXPECT_EQ(encoded_word_fault(text, FieldKind::unstructured), std::nullopt) << text;
    EXPECT_EQ(encoded_word_fault(text, FieldKind::addresses), std::nullopt) << text;
  }
  EXPECT_EQ(encoded_word_fault("\"=?utf-8?q?a?=\"", FieldKind::unstructured), std::nullopt);
  EXPECT_EQ(encoded_word_fault("\\\" =?utf-8?q?a?= \\\"", FieldKind::addresses), std::nullopt);
}

TEST(EncodedWordFault, says_what_is_wrong) {
  struct Case {
    std::string text, fault;
  };
  const std::string long_word = "=?utf-8?q?" + std::string(64, 'a') + "?=";
  for (const auto& [text, fault] : {
           Case{"=?"
                "?q?a?=",
                "encoded word \"=?"
                "?q?a?=\" has no legal character set"},
           Case{"=?a/b?q?a?=", "encoded word \"=?a/b?q?a?=\" has no legal character set"},
           Case{"=?utf-8?x?a?=",
                "encoded word \"=?utf-8?x?a?=\" has an encoding other than Q or B"},
           Case{"x " + long_word,
                "encoded word \"=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" is "
                "longer than 75 characters"},
           Case{"=?utf-8?q?=zz?=",
                "encoded word \"=?utf-8?q?=zz?=\" is not what its encoding demands"},
           Case{"=?utf-8?q?two words?=",
                "encoded word \"=?utf-8?q?two words?=\" has a blank inside or no end"},
           Case{"=?utf-8?b?YQ=", "encoded word \"=?utf-8?b?YQ=\" has a blank inside or no end"},
           Case{"\"=?utf-8?q?a?=\" <a@b>", "encoded word \"=?utf-8?q?a?=\" stands inside quotes"},
       }) {
    EXPECT_EQ(encoded_word_fault(text, FieldKind::addresses), fault) << text;
  }
}

TEST(EncodedWordFault, takes_a_word_of_75_characters) {
  EXPECT_EQ(encoded_word_fault("=?utf-8?q?" + std::string(63, 'a') + "?=", FieldKind::unstructured),
            std::nullopt);
}

// A long field, and nothing in it but beginnings of words. Looking for the end of each in all that
// follows would take hours: the test then ends by ctest's limit.
TEST(EncodedWordFault, looks_once_at_a_field_of_nothing_but_beginnings) {
  std::string field;
  while (field.size() < 1u << 22) field += "=?x";
  EXPECT_EQ(encoded_word_fault(field, FieldKind::unstructured), std::nullopt);
  EXPECT_EQ(decode_encoded_words(field), field);
}

TEST(EncodeWord, is_read_back_and_fits) {
  EXPECT_EQ(encode_word("Störung im Netz"), "=?UTF-8?Q?St=C3=B6rung_im_Netz?=");
  EXPECT_EQ(decode_encoded_words(*encode_word("a?=_\"ü")), "a?=_\"ü");
  EXPECT_EQ(encode_word(std::string(63, 'a'))->size(), 75u);
  EXPECT_EQ(encode_word(std::string(64, 'a')), std::nullopt);
  EXPECT_EQ(encode_word("\xff"), std::nullopt);
}

}  // namespace
}  // namespace icm
