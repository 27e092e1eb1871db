// SPDX-License-Identifier: Apache-2.0
//
// Words about octets.
#include "policy/base/text.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(IsDotAtom, is_atoms_joined_by_single_dots) {
  for (const std::string_view text : {"a", "a.b.c", "!#$%&'*+-/=?^_`{|}~", "j\xc3\xbcrgen"}) {
    EXPECT_TRUE(is_dot_atom(text)) << text;
  }
  for (const std::string_view text : {"", ".", ".a", "a.", "a..b", "a b", "a@b", "a,b", "a\"b"}) {
    EXPECT_FALSE(is_dot_atom(text)) << text;
  }
}

TEST(IsPrintable, finds_each_octet_that_is_not_at_each_place) {
  EXPECT_TRUE(is_printable(""));
  EXPECT_TRUE(is_printable(" the quick brown fox ~ jumps"));
  for (std::size_t place = 0; place < 20; ++place) {
    for (int octet = 0; octet < 256; ++octet) {
      std::string text(20, place % 2 == 0 ? '~' : ' ');
      text[place] = static_cast<char>(octet);
      EXPECT_EQ(is_printable(text), octet >= 0x20 && octet <= 0x7e) << octet << " at " << place;
    }
  }
}

TEST(IsUtf8, takes_the_characters_of_rfc_3629_only) {
  for (const std::string_view text : {"", "ascii", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf",
                                      "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa4z"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (const std::string_view text :
       {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf5", "\xc3", "\xe2\x82", "a\xc3(b"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

TEST(LowerAscii, changes_ascii_letters_only) {
  EXPECT_EQ(lower_ascii("List-ID @[`{"sv), "list-id @[`{");
  EXPECT_EQ(lower_ascii("\xc3\x84"sv), "\xc3\x84");
}

TEST(EqualAscii, ignores_case_but_not_length) {
  struct Case {
    std::string_view a, b;
    bool equal;
  };
  for (const auto& [a, b, equal] :
       {Case{"From", "fROM", true}, Case{"To", "Tom", false}, Case{"", "", true},
        Case{"@", "`", false}, Case{"[", "{", false}, Case{"\xc4", "\xe4", false}}) {
    EXPECT_EQ(equal_ascii(a, b), equal) << a << " / " << b;
  }
}

TEST(StartsWithAscii, ignores_case_and_takes_the_empty_prefix) {
  EXPECT_TRUE(starts_with_ascii("Content-Type", "content-"));
  EXPECT_TRUE(starts_with_ascii("Content-Type", ""));
  EXPECT_FALSE(starts_with_ascii("Con", "content-"));
}

TEST(EndsWithAscii, ignores_case_and_takes_the_empty_suffix) {
  EXPECT_TRUE(ends_with_ascii("mx01.mail.iCloud.com", ".ICLOUD.com"));
  EXPECT_TRUE(ends_with_ascii("x", ""));
  EXPECT_FALSE(ends_with_ascii("com", ".icloud.com"));
}

TEST(Trim, takes_blanks_and_line_ends_off_both_ends) {
  EXPECT_EQ(trim(" \t a b\r\n "), "a b");
  EXPECT_EQ(trim("\r\n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Split, keeps_empty_pieces) {
  using Pieces = std::vector<std::string_view>;
  EXPECT_EQ(split("a,,b", ','), (Pieces{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (Pieces{""}));
  EXPECT_EQ(split(",", ','), (Pieces{"", ""}));
  EXPECT_EQ(split("abc", ','), (Pieces{"abc"}));
}

TEST(ParseNumber, takes_digits_and_nothing_else) {
  EXPECT_EQ(parse_number("0"), 0u);
  EXPECT_EQ(parse_number("007"), 7u);
  EXPECT_EQ(parse_number("18446744073709551615"), 18446744073709551615u);
  for (const std::string_view text : {"", " 1", "1 ", "+1", "-1", "1.0", "0x10", "1e3", "one",
                                      "18446744073709551616", "99999999999999999999999999"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(Unfold, removes_line_ends_that_a_blank_follows) {
  EXPECT_EQ(unfold("a\r\n b"), "a b");
  EXPECT_EQ(unfold("a\n\tb\r\n  c"), "a\tb  c");
  EXPECT_EQ(unfold("\r\n a"), " a");
  EXPECT_EQ(unfold("\n\n a"), "\n a");
}

TEST(Unfold, leaves_every_other_octet) {
  for (const std::string_view text :
       {""sv, "a"sv, "a\rb"sv, "a\r b"sv, "a\r\n"sv, "a\r\nb"sv, "\n"sv, "a\0b"sv}) {
    EXPECT_EQ(unfold(text), text);
  }
}

TEST(ForLog, keeps_printable_ascii_and_escapes_the_rest) {
  EXPECT_EQ(for_log("plain \"text\" ~"), "plain \"text\" ~");
  EXPECT_EQ(for_log("a\r\nb\\c\x7f\xc3\xa4\0"s), "a\\x0d\\x0ab\\x5cc\\x7f\\xc3\\xa4\\x00");
}

TEST(ForLog, shows_a_cut_by_dots) {
  EXPECT_EQ(for_log("abcdef", 6), "abcdef");
  EXPECT_EQ(for_log("abcdefg", 6), "abcdef...");
  EXPECT_EQ(for_log("\n\n\n", 2), "\\x0a\\x0a...");
  EXPECT_EQ(for_log(std::string(1000, 'x')), std::string(200, 'x') + "...");
}

TEST(Excerpt, is_bounded_and_changes_no_octet) {
  EXPECT_EQ(excerpt("a\nb"), "a\nb");
  EXPECT_EQ(excerpt("abcdef", 3), "abc...");
  EXPECT_EQ(excerpt(std::string(81, 'x')), std::string(80, 'x') + "...");
}

TEST(Nearest, finds_the_word_that_was_meant) {
  const std::vector<std::string_view> known = {"mode", "burst", "per_minute", "max_size", "until"};
  struct Case {
    std::string_view word, meant;
  };
  for (const auto& [word, meant] :
       {Case{"burts", "burst"}, Case{"Mode", "mode"}, Case{"mod", "mode"}, Case{"modes", "mode"},
        Case{"max-size", "max_size"}, Case{"per_minut", "per_minute"}, Case{"untill", "until"},
        Case{"maxsize", "max_size"}}) {
    EXPECT_EQ(nearest(word, known), meant) << word;
  }
}

TEST(Nearest, is_silent_when_nothing_is_near) {
  const std::vector<std::string_view> known = {"mode", "burst", "a"};
  for (const std::string_view word : {"", "xyz", "zz", "temperature", "b"}) {
    EXPECT_EQ(nearest(word, known), std::nullopt) << word;
  }
  EXPECT_EQ(nearest(std::string(65, 'm'), {std::string_view("mode")}), std::nullopt);
  EXPECT_EQ(nearest("mode", {}), std::nullopt);
}

TEST(Nearest, prefers_the_earlier_of_equals) {
  EXPECT_EQ(nearest("tage", {"tags", "tagx"}), "tags");
}

}  // namespace
}  // namespace icm
