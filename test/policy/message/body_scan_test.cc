// SPDX-License-Identifier: Apache-2.0
//
// What a body shows, told by examples, and against a reader that takes one octet at a time.
#include "policy/message/body_scan.h"

#include <array>
#include <random>

#include <gtest/gtest.h>

#include "policy/base/text.h"
#include "test/support/slow_body_reader.h"

namespace icm {

std::ostream& operator<<(std::ostream& out, const BodyFindings& f) {
  return out << "size " << f.size << ", lines " << f.lines << ", longest " << f.longest_line
             << " at " << f.longest_line_at << ", bare CR " << f.bare_cr_at << ", bare LF "
             << f.bare_lf_at << ", NUL " << f.nul_at << ", 8-bit " << f.eight_bit_at
             << ", CRLF at end " << f.ends_with_crlf << ", multipart " << f.is_multipart
             << f.has_boundary << f.saw_boundary << f.saw_closing_boundary;
}

namespace {

using namespace std::string_literals;

HeaderList headers_of(std::string_view content_type) {
  HeaderList headers;
  if (!content_type.empty()) headers.add("Content-Type", content_type);
  return headers;
}

BodyFindings scan(std::string_view body, std::string_view content_type = "",
                  MaskReader reader = mask_readers().front()) {
  BodyScan scan(headers_of(content_type), reader);
  scan.feed(body);
  return scan.finish();
}

TEST(BodyScan, empty_body_has_no_lines) {
  EXPECT_EQ(scan(""), BodyFindings{});
  EXPECT_EQ(BodyScan(headers_of("")).finish(), BodyFindings{});
}

TEST(BodyScan, counts_lines_and_measures_them_without_their_ends) {
  EXPECT_EQ(scan("ab\r\n\r\nabcd\r\nabcd\r\n"),
            (BodyFindings{.size = 18, .lines = 4, .longest_line = 4, .longest_line_at = 3}));
  EXPECT_EQ(scan("ab\r\nabc"), (BodyFindings{.size = 7,
                                             .lines = 2,
                                             .longest_line = 3,
                                             .longest_line_at = 2,
                                             .ends_with_crlf = false}));
}

TEST(BodyScan, measures_lines_longer_than_a_block) {
  const std::string body =
      "a\r\n" + std::string(998, 'x') + "\r\n" + std::string(5000, 'y') + "\r\nz\r\n";
  EXPECT_EQ(
      scan(body),
      (BodyFindings{.size = body.size(), .lines = 4, .longest_line = 5000, .longest_line_at = 3}));
}

TEST(BodyScan, finds_the_line_of_the_first_of_each_surprise) {
  struct Case {
    std::string body;
    std::uint64_t bare_cr, bare_lf, nul, eight_bit;
  };
  for (const auto& [body, bare_cr, bare_lf, nul, eight_bit] : {
           Case{"a\r\nb\rc\r\nd\re\r\n", 2, 0, 0, 0},
           Case{"a\r\nb\nc\n", 0, 2, 0, 0},
           Case{"a\n\rb\r\n", 2, 1, 0, 0},
           Case{"a\r\r\nb\r\n", 1, 0, 0, 0},
           Case{"a\r\nb\r", 2, 0, 0, 0},
           Case{"\r", 1, 0, 0, 0},
           Case{"\n", 0, 1, 0, 0},
           Case{"a\r\n\0\r\n\0\r\n"s, 0, 0, 2, 0},
           Case{"a\r\n\r\nb\x80\xff\r\n", 0, 0, 0, 3},
           Case{"\x7f\r\n", 0, 0, 0, 0},
       }) {
    const BodyFindings found = scan(body);
    EXPECT_EQ(found.bare_cr_at, bare_cr) << for_log(body);
    EXPECT_EQ(found.bare_lf_at, bare_lf) << for_log(body);
    EXPECT_EQ(found.nul_at, nul) << for_log(body);
    EXPECT_EQ(found.eight_bit_at, eight_bit) << for_log(body);
  }
}

TEST(BodyScan, keeps_line_numbers_right_after_a_million_lines) {
  std::string body;
  for (int i = 0; i < 1'000'000; ++i) body += "line\r\n";
  body += "one more\xc3\xa4\n";
  const BodyFindings found = scan(body);
  EXPECT_EQ(found.lines, 1'000'001u);
  EXPECT_EQ(found.eight_bit_at, 1'000'001u);
  EXPECT_EQ(found.bare_lf_at, 1'000'001u);
  EXPECT_EQ(found.longest_line_at, 1'000'001u);
}

TEST(BodyScan, reads_the_boundary_from_content_type) {
  struct Case {
    std::string content_type;
    bool is_multipart, has_boundary;
  };
  for (const auto& [content_type, is_multipart, has_boundary] : {
           Case{"", false, false},
           Case{" text/plain; boundary=b", false, false},
           Case{" multipart/mixed; boundary=b", true, true},
           Case{" Multipart/Alternative;\r\n\tBOUNDARY=\"a b'()+_,-./:=?\"", true, true},
           Case{" multipart/mixed; boundary=" + std::string(70, 'b'), true, true},
           Case{" multipart/mixed; boundary=" + std::string(71, 'b'), true, false},
           Case{" multipart/mixed", true, false},
           Case{" multipart/mixed; boundary=\"\"", true, false},
           Case{" multipart/mixed; boundary=\"b \"", true, false},
           Case{" multipart/mixed; boundary=\"b*\"", true, false},
           Case{" multipart/mixed; boundary=a=b", true, false},
           Case{" multipart", false, false},
       }) {
    const BodyFindings found = scan("", content_type);
    EXPECT_EQ(found.is_multipart, is_multipart) << content_type;
    EXPECT_EQ(found.has_boundary, has_boundary) << content_type;
  }
}

TEST(BodyScan, takes_the_first_content_type) {
  HeaderList headers = headers_of(" text/plain");
  headers.add("Content-Type", " multipart/mixed; boundary=b");
  EXPECT_FALSE(BodyScan(headers).finish().is_multipart);
}

TEST(BodyScan, sees_delimiters_at_the_beginning_of_lines_only) {
  struct Case {
    std::string body;
    bool saw_boundary, saw_closing_boundary;
  };
  for (const auto& [body, boundary, closing] : {
           Case{"--b.1\r\n\r\ntext\r\n--b.1--\r\n", true, true},
           Case{"preamble\r\n--b.1\r\n", true, false},
           Case{"--b.1", true, false},
           Case{"--b.1--", true, true},
           Case{"--b.1  \r\n", true, false},
           Case{"--b.1-\r\n-\r\n", true, false},
           Case{"--b.10\r\n", true, false},  // RFC 2046 §5.1.2: the beginning is enough
           Case{" --b.1\r\n", false, false},
           Case{"x--b.1\r\n", false, false},
           Case{"--b.\r\n1\r\n", false, false},
           Case{"--B.1\r\n", false, false},
           Case{"--\r\n--b\r\n---b.1\r\n", false, false},
           Case{"--b.1-- epilogue \r\nmore", true, true},
           Case{"text\n--b.1\n", true, false},
           Case{"text\r--b.1\r\n", false, false},
       }) {
    const BodyFindings found = scan(body, " multipart/mixed; boundary=b.1");
    EXPECT_EQ(found.saw_boundary, boundary) << for_log(body);
    EXPECT_EQ(found.saw_closing_boundary, closing) << for_log(body);
  }
}

// Bodies made of what is easily got wrong.
std::string random_body(std::mt19937& random, bool ordinary) {
  static const std::vector<std::string> surprises = {"\r",   "\n",   "\0"s,   "\x80",
                                                     "\xff", "\n\r", "\r\r\n"};
  static const std::vector<std::string> pieces = {"\r\n",
                                                  "x",
                                                  "-",
                                                  "--",
                                                  "--b\r\n",
                                                  "--b--",
                                                  "\r\n--b",
                                                  "\r\n--b--\r\n",
                                                  "\r\n\r\n\r\n",
                                                  std::string(61, 'x'),
                                                  std::string(62, 'x') + "\r\n",
                                                  std::string(76, 'y') + "\r\n",
                                                  std::string(1000, 'z')};
  std::string body;
  const std::size_t count = random() % 40;
  for (std::size_t i = 0; i < count; ++i) {
    const bool surprise = !ordinary && random() % 4 == 0;
    body += surprise ? surprises[random() % surprises.size()] : pieces[random() % pieces.size()];
  }
  return body;
}

TEST(BodyScan, finds_what_a_slow_reader_finds_however_the_body_is_cut) {
  std::mt19937 random(20261121);
  for (int round = 0; round < 8000; ++round) {
    const std::string body = random_body(random, round % 2 == 0);
    const bool is_multipart = random() % 4 != 0;
    const std::string type = is_multipart ? " multipart/mixed; boundary=b" : "";
    const BodyFindings expected = read_slowly(body, is_multipart ? "b" : "");
    for (const MaskReader reader : mask_readers()) {
      ASSERT_EQ(scan(body, type, reader), expected) << for_log(body, 4000);
    }

    BodyScan in_chunks(headers_of(type), mask_readers()[random() % mask_readers().size()]);
    std::string cuts;
    const std::size_t longest_chunk = std::size_t{1} << random() % 12;
    for (std::size_t begin = 0; begin < body.size();) {
      const std::size_t size = random() % (longest_chunk + 1);
      in_chunks.feed(std::string_view(body).substr(begin, size));
      begin += size;
      cuts += " " + std::to_string(begin);
    }
    ASSERT_EQ(in_chunks.finish(), expected) << "cut at" << cuts << ": " << for_log(body, 4000);
  }
}

OctetMasks masks_of(std::string_view block) {
  OctetMasks masks;
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (block[i] == '\r') masks.cr |= std::uint64_t{1} << i;
    if (block[i] == '\n') masks.lf |= std::uint64_t{1} << i;
  }
  return masks;
}

RareOctets rare_of(std::string_view octets) {
  RareOctets rare;
  for (const char c : octets) {
    if (c == '\0') rare.nul = true;
    if (static_cast<unsigned char>(c) > 127) rare.eight_bit = true;
  }
  return rare;
}

TEST(OctetMasks, are_the_same_by_every_reader) {
  std::mt19937 random(7);
  static const std::string octets = "\r\n\0 -x\x0b\x0c\x0e\x7f\x80\x8a\x8d\xff"s;
  for (int round = 0; round < 20000; ++round) {
    std::array<char, 3 * block_size> blocks;
    const std::size_t variety = 1 + random() % octets.size();
    for (char& c : blocks) c = octets[random() % variety];
    for (const MaskReader reader : mask_readers()) {
      std::array<OctetMasks, 3> masks;
      const RareOctets rare = reader(blocks.data(), masks.size(), masks.data());
      ASSERT_TRUE(rare == rare_of({blocks.data(), blocks.size()}));
      for (std::size_t i = 0; i < masks.size(); ++i) {
        ASSERT_TRUE(masks[i] == masks_of({blocks.data() + i * block_size, block_size}));
      }
    }
  }
}

TEST(OctetMasks, find_a_single_octet_at_every_place) {
  for (std::size_t place = 0; place < block_size; ++place) {
    for (const char c : {'\r', '\n', '\0', '\x80', 'x'}) {
      std::string block(block_size, ' ');
      block[place] = c;
      for (const MaskReader reader : mask_readers()) {
        OctetMasks masks;
        const RareOctets rare = reader(block.data(), 1, &masks);
        ASSERT_TRUE(masks == masks_of(block) && rare == rare_of(block))
            << "octet " << int{c} << " at " << place;
      }
    }
  }
}

}  // namespace
}  // namespace icm
