// SPDX-License-Identifier: Apache-2.0
//
// What is YAML and what is not, as people are told of it; and bounds on what the parser is made to
// do.
#include "policy/config/yaml_tree.h"

#include <algorithm>
#include <ctime>
#include <limits>

#include <gtest/gtest.h>

#include "test/policy/config/reading.h"

namespace icm {
namespace {

TEST(Yaml, that_is_none_is_told_with_its_place) {
  for (const auto& [text, told] : {
           Told{"format:\n\tpercent: 1\n", "2:1: a tab indents this line; YAML takes blanks only"},
           Told{"format:\n  \t percent: 1\n",
                "2:3: a tab indents this line; YAML takes blanks only"},
           Told{"format:\n  percent: 1\n mode: off\n",
                "3:2: expected \"option: value\", indented like the options above it"},
           Told{"format:\n  percent: 1\n   mode: off\n",
                "3:8: a colon where none can stand: is a blank missing after the colon of a line "
                "above, "
                "is this line indented too far, or does a text with a colon need quotes?"},
           Told{"format:\n  mode:off\n  percent: 1\n",
                "3:10: a colon where none can stand: is a blank missing after the colon of a line "
                "above, "
                "is this line indented too far, or does a text with a colon need quotes?"},
           Told{"log:\n  decisions: /a: b\n",
                "2:16: a colon where none can stand: is a blank missing after the colon of a line "
                "above, "
                "is this line indented too far, or does a text with a colon need quotes?"},
           Told{"log: {decisions: /a: b}",
                "1:20: expected a comma or the \"}\" that closes the \"{\" of line 1, column 6"},
           Told{"roles:\n  gate: [a, b\nformat:\n  percent: 3\n",
                "3:7: expected a comma or the \"]\" that closes the \"[\" of line 2, column 9"},
           Told{"roles: {gate: [a]\n",
                "2:1: expected a comma or the \"}\" that closes the \"{\" of line 1, column 8"},
           Told{"roles: {gate: [a]}}\n", "1:19: a closing bracket without an opening one"},
           Told{"roles:\n  gate:\n    - a\n   - b\n",
                "4:4: expected \"option: value\", indented like the options above it"},
           Told{"roles:\n  gate: - a\n",
                "2:9: a list item where none can stand; put it on a line of its own"},
           Told{"store:\n  path: @x\n",
                "2:9: a value cannot begin with this character; put it in quotes"},
           Told{"store:\n  path: \"\\q\"\n", "2:12: not YAML: unknown escape character: q"},
           Told{"store:\n  path: \"/x\nformat:\n  percent: 3\n",
                "2:9: the quote that begins here is not closed on its line"},
           Told{"store:\n  path: '/x''\n",
                "2:9: the quote that begins here is not closed on its line"},
           Told{"store:\n  path: /x\n    y\n",
                "2:9: this value goes on in the next line; is that line indented too far, or "
                "without a colon?"},
           Told{"store:\n  path: |\n    /y\n",
                "2:9: texts over several lines (| and >) are not taken; write the value on this "
                "line"},
           Told{"store:\n  path: >-\n    /y\n",
                "2:9: texts over several lines (| and >) are not taken; write the value on this "
                "line"},
           Told{"format: {percent: !!int 5}",
                "1:19: tags (!) are not taken; write the value alone"},
           Told{"format: {percent: ! 5}", "1:19: tags (!) are not taken; write the value alone"},
           Told{"format: !!map {percent: 5}", "1:9: tags (!) are not taken; write the value alone"},
           Told{"format: {percent: &a 5}",
                "1:19: anchors (&) are not taken; write the value where it is needed"},
           Told{"format: &a {percent: 5}",
                "1:9: anchors (&) are not taken; write the value where it is needed"},
           Told{"format: {percent: *a}", "1:19: aliases (*) are not taken; write the value out"},
           Told{"format: {<<: {percent: 5}}",
                "1:10: merge keys (<<) are not taken; write the options out"},
           Told{"format: {percent: 5}\n---\nformat: {percent: 600}\n",
                "2:1: a second document begins; a file holds one"},
           Told{"format: {percent: 5}\n---\n", "2:1: a second document begins; a file holds one"},
           Told{"%TAG ! x:\n---\nformat: {percent: 5}\n", "1:1: directives (%) are not taken"},
           Told{"%percent: 5\n", "1:1: directives (%) are not taken"},
           Told{"? [a]\n: b\n", "1:3: expected the name of an option before the colon"},
           Told{"~: b\n", "1:1: expected the name of an option before the colon"},
           Told{": b\n", "1:1: expected the name of an option before the colon"},
           Told{"log: {facility: \"m\x01\"}", "1:19: control character U+0001; take it out"},
           Told{std::string_view("log: \0", 6), "1:6: control character U+0000; take it out"},
           Told{"log: \x7F", "1:6: control character U+007F; take it out"},
           Told{"# caf\xC3\xA9 \xC2\x85", "1:8: control character U+0085; take it out"},
           Told{"log:\rroles:", "1:5: control character U+000D; take it out"},
           Told{"# caf\xE9", "1:6: the octet 0xe9 is not UTF-8; save the file as UTF-8"},
           Told{"# \xC0\xAF", "1:3: the octet 0xc0 is not UTF-8; save the file as UTF-8"},
           Told{"# \xED\xA0\x80", "1:3: the octet 0xed is not UTF-8; save the file as UTF-8"},
           Told{"# \xF4\x90\x80\x80", "1:3: the octet 0xf4 is not UTF-8; save the file as UTF-8"},
           Told{"# \xE2\x82", "1:3: the octet 0xe2 is not UTF-8; save the file as UTF-8"},
           Told{std::string_view("\xFF\xFEl\0o\0g\0", 8),
                "1:1: the file is UTF-16; save it as UTF-8"},
       }) {
    EXPECT_EQ(told_of(text),
              fmt::format("milter.conf:{}\n1 error; configuration not loaded\n", told))
        << text;
  }
}

TEST(Yaml, is_read_up_to_the_place_where_it_breaks) {
  EXPECT_EQ(told_of("format:\n  percent: 500\nroles:\n  gate: [A]\n  direct: [A]\n   x: 1\n"),
            "milter.conf:2:12: format.percent: expected a whole number from 0 to 100, got \"500\"\n"
            "milter.conf:6:4: expected \"option: value\", indented like the options above it\n"
            "2 errors; configuration not loaded\n");
}

TEST(Yaml, of_a_windows_editor_is_taken) {
  EXPECT_EQ(config_of("\xEF\xBB\xBF"
                      "format:\r\n  percent: 7\r\n\r\nroles:\r\n  gate: [\"A\"]\r\n")
                .format.percent,
            7);
  EXPECT_EQ(told_of("\xEF\xBB\xBFx: 1\r\n"),
            "milter.conf:1:1: x: unknown section; \"icloud-milterctl config example\" has them "
            "all\n1 error; configuration not loaded\n");
}

TEST(Yaml, may_hold_other_scripts_in_comments_and_quotes) {
  EXPECT_EQ(
      config_of("# Größe \xE2\x82\xAC \xF0\x9F\x93\xA7\nlog: {decisions: '/v\xC3\xA4r/it''s'}")
          .log.decisions,
      "/v\xC3\xA4r/it's");
}

TEST(Yaml, takes_quotes_with_escapes_on_one_line) {
  EXPECT_EQ(config_of(R"(log: {decisions: "/a\"b\\"})").log.decisions, "/a\"b\\");
}

// 2^30 nodes, if anybody expanded them.
TEST(Yaml, expands_no_aliases) {
  std::string text = "a0: &a0 x\n";
  for (int i = 1; i <= 30; ++i) text += fmt::format("a{0}: &a{0} [*a{1}, *a{1}]\n", i, i - 1);
  const YamlTree tree = parse_yaml(text);
  EXPECT_EQ(tree.root.entries.size(), 31u);
  EXPECT_EQ(tree.problems.size(), 31u + 60u);
}

TEST(Yaml, nested_without_end_is_cut_at_the_bound) {
  for (const std::string_view piece : {"[", "{a: ", "- ", "? "}) {
    std::string text;
    while (text.size() < 100000) text += piece;
    const YamlTree tree = parse_yaml(text);
    ASSERT_FALSE(tree.problems.empty()) << piece;
    EXPECT_EQ(tree.problems[0].text, "nested too deeply; no option is more than four levels deep");
  }
}

std::size_t depth_of(const YamlNode& node) {
  std::size_t depth = 0;
  for (const YamlNode& item : node.items) depth = std::max(depth, depth_of(item));
  for (const YamlEntry& entry : node.entries) depth = std::max(depth, depth_of(entry.value));
  return depth + 1;
}

TEST(Yaml, is_no_deeper_than_the_bound) {
  EXPECT_EQ(depth_of(parse_yaml("[[[[[[[[]]]]]]]]").root), max_yaml_depth);
  EXPECT_EQ(parse_yaml("[[[[[[[[]]]]]]]]").problems.size(), 0u);
  EXPECT_LE(depth_of(parse_yaml("[[[[[[[[[[[[]]]]]]]]]]]]").root), max_yaml_depth + 1);
}

// Of the processor, not of the clock: others may be at work beside.
std::clock_t time_to_parse(std::string_view piece, std::size_t octets) {
  std::string text = "roles: {gate: [";
  while (text.size() < octets) text += piece;
  auto best = std::numeric_limits<std::clock_t>::max();
  for (int i = 0; i < 3; ++i) {
    const std::clock_t begin = std::clock();
    EXPECT_FALSE(parse_yaml(text).complete);
    best = std::min(best, std::clock() - begin);
  }
  return best;
}

// A megabyte of these took minutes when each place was counted from the start of its line.
TEST(Yaml, takes_time_by_its_size_alone_even_on_one_endless_line) {
  for (const std::string_view piece : {",", "a,", "&a x,", "'',"}) {
    const auto small = time_to_parse(piece, 8u << 10);
    const auto large = time_to_parse(piece, 8u << 14);
    EXPECT_LT(large, small * 64) << piece;  // 16 times the octets; 256 times the work, if squared
  }
}

}  // namespace
}  // namespace icm
