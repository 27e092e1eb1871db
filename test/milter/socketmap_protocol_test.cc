// SPDX-License-Identifier: Apache-2.0
#include "milter/socketmap_protocol.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using Kind = SocketmapAnswer::Kind;

TEST(TakeQuestion, takes_one_after_the_other) {
  std::string octets = "22:icloud ann@plus.exampl,8:icloud *,9:icloud";
  EXPECT_EQ(**take_question(octets), (SocketmapQuestion{"icloud", "ann@plus.exampl"}));
  EXPECT_EQ(**take_question(octets), (SocketmapQuestion{"icloud", "*"}));
  EXPECT_EQ(*take_question(octets), std::nullopt);
  EXPECT_EQ(octets, "9:icloud");
}

TEST(TakeQuestion, keeps_blanks_and_any_octet_of_a_key) {
  std::string octets = "14:icloud a b,\n\x01\xff,";
  EXPECT_EQ(**take_question(octets), (SocketmapQuestion{"icloud", "a b,\n\x01\xff"}));
  octets = "7:icloud ,";
  EXPECT_EQ(**take_question(octets), (SocketmapQuestion{"icloud", ""}));
}

TEST(TakeQuestion, waits_for_every_piece) {
  const std::string whole = "21:icloud ann@me.example,";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::string piece = whole.substr(0, size);
    const auto taken = take_question(piece);
    ASSERT_TRUE(taken) << size;
    EXPECT_EQ(*taken, std::nullopt) << size;
    EXPECT_EQ(piece.size(), size);
  }
}

TEST(TakeQuestion, says_what_no_question_is) {
  for (const auto& [octets, text] : std::initializer_list<std::pair<std::string, std::string_view>>{
           {"GET / HTTP/1.1\r\n", "expected a netstring, LENGTH:OCTETS,"},
           {":icloud a,", "expected a netstring, LENGTH:OCTETS,"},
           {"9;icloud a,", "expected a netstring, LENGTH:OCTETS,"},
           {"-1:a,", "expected a netstring, LENGTH:OCTETS,"},
           {"08:icloud a,", "expected the length of a netstring, at most 2000"},
           {"12345", "expected the length of a netstring, at most 2000"},
           {"99999999999999999999:", "expected the length of a netstring, at most 2000"},
           {"2001:", "the question has 2001 octets, expected at most 2000"},
           {"8:icloud aa", "expected a comma at the end of the netstring"},
           {"6:icloud,", "expected the name of a map, a blank and a key"},
           {"2: a,", "expected the name of a map, a blank and a key"},
           {"0:,", "expected the name of a map, a blank and a key"},
       }) {
    std::string left = octets;
    const auto taken = take_question(left);
    ASSERT_FALSE(taken) << octets;
    EXPECT_EQ(taken.error().text, text) << octets;
  }
}

TEST(ToNetstring, is_what_postfix_reads) {
  EXPECT_EQ(to_netstring({Kind::found, "icloud-gate:[127.0.0.1]:10027"}),
            "32:OK icloud-gate:[127.0.0.1]:10027,");
  EXPECT_EQ(to_netstring({Kind::not_found, ""}), "9:NOTFOUND ,");
  EXPECT_EQ(to_netstring({Kind::temporary, "later"}), "10:TEMP later,");
  EXPECT_EQ(to_netstring({Kind::permanent, "a\nb\xff"}), "9:PERM a?b?,");
  EXPECT_EQ(to_netstring({Kind::permanent, std::string(9000, 'x')}).size(), 2000u + 6u);
}

}  // namespace
}  // namespace icm
