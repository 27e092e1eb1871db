// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/terminal.h"

#include <cstdio>
#include <string>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "policy/base/handle.h"

namespace icm::ctl {
namespace {

using File = Handle<std::FILE, &std::fclose>;

TEST(Terminal, gives_a_file_neither_colours_nor_a_width) {
  const File file(std::tmpfile());
  ASSERT_TRUE(file);
  const Terminal terminal = Terminal::of(file.get());
  EXPECT_FALSE(terminal.has_colours());
  EXPECT_EQ(terminal.width(), 0);
}

// A pseudo terminal as the user's screen.
File open_pseudo_terminal(File& other_end) {
  other_end.reset(std::fopen("/dev/ptmx", "r+"));
  if (!other_end) return nullptr;
  const int descriptor = fileno(other_end.get());
  if (grantpt(descriptor) != 0 || unlockpt(descriptor) != 0) return nullptr;
  return File(std::fopen(ptsname(descriptor), "r+"));
}

TEST(Terminal, gives_a_terminal_colours_unless_the_user_said_no) {
  File other_end;
  const File screen = open_pseudo_terminal(other_end);
  if (!screen) GTEST_SKIP() << "no pseudo terminals here";
  struct Case {
    const char* term;
    const char* no_color;
    bool colours;
  };
  for (const auto& [term, no_color, colours] :
       {Case{"xterm", nullptr, true}, Case{"xterm", "", true}, Case{"xterm", "1", false},
        Case{"dumb", nullptr, false}, Case{nullptr, nullptr, false}}) {
    term != nullptr ? setenv("TERM", term, 1) : unsetenv("TERM");
    no_color != nullptr ? setenv("NO_COLOR", no_color, 1) : unsetenv("NO_COLOR");
    EXPECT_EQ(Terminal::of(screen.get()).has_colours(), colours)
        << (term ? term : "(none)") << " / " << (no_color ? no_color : "(none)");
  }
  EXPECT_EQ(Terminal::of(screen.get()).width(), 80) << "a terminal that does not know its size";
}

TEST(Terminal, paints_only_where_there_are_colours) {
  EXPECT_EQ(Terminal::colourful(80).paint(Style::red, "reject"), "\x1b[31mreject\x1b[0m");
  EXPECT_EQ(Terminal::colourful(80).paint(Style::plain, "accept"), "accept");
  EXPECT_EQ(Terminal::colourful(80).paint(Style::red, ""), "");
  EXPECT_EQ(Terminal::plain().paint(Style::red, "reject"), "reject");
}

TEST(Clean, lets_no_control_character_out) {
  EXPECT_EQ(clean("a\x1b[31mb\r\n\x7f\xc3\xa4"), "a\\x1b[31mb\\x0d\\x0a\\x7f\\xc3\\xa4");
  EXPECT_LT(clean(std::string(1 << 20, 'x')).size(), 2100u);
}

TEST(Wrap, breaks_between_words_and_indents_what_follows) {
  EXPECT_EQ(wrap("one two three four", 2, 11), "one two\n  three\n  four");
  EXPECT_EQ(wrap("one two three four", 2, 0), "one two three four");
  EXPECT_EQ(wrap("a incomprehensibilities b", 1, 8), "a\n incomprehensibilities\n b");
  EXPECT_EQ(wrap("  spaced   out ", 0, 80), "spaced out");
  EXPECT_EQ(wrap("", 4, 80), "");
}

TEST(Table, aligns_columns_and_leaves_no_blanks_at_line_ends) {
  Table table({{"rule"}, {"messages", Table::Align::right}, {"example"}});
  EXPECT_TRUE(table.empty());
  table.add({{"format.date"}, {"12"}, {"4Xy1"}});
  table.add({{"suppression.hard-bounce"}, {"1,234"}, {}});
  EXPECT_FALSE(table.empty());
  EXPECT_EQ(table.text(Terminal::plain()),
            "rule                     messages  example\n"
            "format.date                    12  4Xy1\n"
            "suppression.hard-bounce     1,234\n");
}

TEST(Table, keeps_its_columns_straight_when_painted) {
  Table table({{"a"}, {"b"}});
  table.add({{"reject", Style::red}, {"x"}});
  table.add({{"ok", Style::green}, {"y"}});
  EXPECT_EQ(table.text(Terminal::colourful(80)),
            "\x1b[2ma\x1b[0m       \x1b[2mb\x1b[0m\n"
            "\x1b[31mreject\x1b[0m  x\n"
            "\x1b[32mok\x1b[0m      y\n");
}

TEST(Table, cuts_the_last_column_at_the_edge_of_a_terminal) {
  Table table({{"id"}, {"text"}});
  table.add({{"4Xy1"}, {"a sentence that is too long"}});
  EXPECT_EQ(table.text(Terminal::plain(20)),
            "id    text\n"
            "4Xy1  a sentence ...\n");
}

TEST(Table, cleans_every_cell) {
  Table table({{"text"}});
  table.add({{"\x1b]0;owned\x07"}});
  EXPECT_EQ(table.text(Terminal::plain()), "text\n\\x1b]0;owned\\x07\n");
}

TEST(Grouped, puts_a_comma_before_each_three_digits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

TEST(Progress, says_how_far_it_is_with_and_without_a_known_end) {
  EXPECT_EQ(Progress("importing lines", 0).line(4096), "importing lines: 4,096");
  EXPECT_EQ(Progress("importing lines", 200000).line(50000),
            "importing lines: 50,000 of 200,000 (25 %)");
  EXPECT_EQ(Progress("importing lines", 0).line(500000, std::chrono::milliseconds(2000)),
            "importing lines: 500,000, 250,000 a second");
  EXPECT_EQ(Progress("importing lines", 10).line(20), "importing lines: 20 of 10 (100 %)");
}

}  // namespace
}  // namespace icm::ctl
