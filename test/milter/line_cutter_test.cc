// SPDX-License-Identifier: Apache-2.0
#include "milter/line_cutter.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace icm {
namespace {

// Feeds `stream` in pieces of at most `piece` octets; "N:text" for each line, "N!" for a long one.
std::vector<std::string> cut(LineCutter& cutter, std::string_view stream, std::size_t piece) {
  std::vector<std::string> lines;
  const auto note = [&](const LineCutter::Line& line) {
    std::string noted = std::to_string(line.number);
    if (line.too_long) {
      EXPECT_EQ(line.text, "");
      noted += '!';
    } else {
      noted += ':';
      noted += line.text;
    }
    lines.push_back(noted);
  };
  while (!stream.empty()) {
    const std::span<char> room = cutter.room();
    const std::size_t count = std::min({piece, stream.size(), room.size()});
    std::copy_n(stream.begin(), count, room.begin());
    cutter.filled(count);
    stream.remove_prefix(count);
    while (const auto line = cutter.next()) note(*line);
  }
  if (const auto line = cutter.rest()) note(*line);
  return lines;
}

using Lines = std::vector<std::string>;

TEST(LineCutter, cuts_at_lf_and_keeps_every_other_octet) {
  const std::string_view stream("one\n\ntw\ro\r\n\0x\n", 14);
  for (const std::size_t piece : {1u, 2u, 3u, 100u}) {
    LineCutter cutter(100);
    EXPECT_EQ(cut(cutter, stream, piece),
              (Lines{"1:one", "2:", "3:tw\ro\r", std::string("4:\0x", 4)}))
        << piece;
  }
}

TEST(LineCutter, gives_the_unfinished_line_at_the_end_only) {
  LineCutter cutter(100);
  EXPECT_EQ(cut(cutter, "one\ntw", 100), (Lines{"1:one", "2:tw"}));
  LineCutter finished(100);
  EXPECT_EQ(cut(finished, "one\n", 100), (Lines{"1:one"}));
  EXPECT_FALSE(finished.rest());
}

TEST(LineCutter, drops_a_line_that_is_too_long_and_goes_on_with_the_next) {
  const std::string stream = "ab\n" + std::string(7, 'x') + "\ncd\n" + std::string(9, 'y');
  for (const std::size_t piece : {1u, 4u, 100u}) {
    LineCutter cutter(6);
    EXPECT_EQ(cut(cutter, stream, piece), (Lines{"1:ab", "2!", "3:cd", "4!"})) << piece;
  }
}

TEST(LineCutter, takes_a_line_of_just_the_longest_length) {
  LineCutter cutter(6);
  EXPECT_EQ(cut(cutter, "123456\n123456", 1), (Lines{"1:123456", "2:123456"}));
}

TEST(LineCutter, needs_no_more_memory_for_a_hundred_megabytes_without_lf) {
  constexpr std::size_t longest = 1u << 20;
  LineCutter cutter(longest);
  std::size_t largest_room = 0;
  for (std::size_t fed = 0; fed < 100u << 20;) {
    const std::span<char> room = cutter.room();
    largest_room = std::max(largest_room, room.size());
    std::fill(room.begin(), room.end(), 'x');
    cutter.filled(room.size());
    fed += room.size();
    ASSERT_FALSE(cutter.next());
  }
  EXPECT_LT(largest_room, 2 * longest);
  const std::string end = "\nafter\n";
  const std::span<char> room = cutter.room();
  std::copy(end.begin(), end.end(), room.begin());
  cutter.filled(end.size());
  EXPECT_TRUE(cutter.next()->too_long);
  EXPECT_EQ(cutter.next()->text, "after");
}

TEST(LineCutter, forgets_the_unfinished_line_of_a_stream_that_begins_anew) {
  LineCutter cutter(100);
  const std::span<char> room = cutter.room();
  room[0] = 'x';
  cutter.filled(1);
  EXPECT_FALSE(cutter.next());
  cutter.restart();
  EXPECT_EQ(cut(cutter, "one\n", 100), (Lines{"1:one"}));
}

}  // namespace
}  // namespace icm
