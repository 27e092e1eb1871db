// SPDX-License-Identifier: Apache-2.0
#include "milter/json_line.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace icm {
namespace {

std::string written(std::string_view value) {
  JsonLine json;
  json.text("k", value);
  return json.take().substr(4);
}

TEST(JsonLine, separates_members_elements_and_objects) {
  JsonLine json;
  json.begin_object();
  json.text("a", "x");
  json.number("b", 18446744073709551615u);
  json.milliseconds("c", std::chrono::microseconds{41499});
  json.milliseconds("d", std::chrono::microseconds{7});
  json.milliseconds("e", std::chrono::microseconds{-1});
  json.texts("f", {});
  json.texts("g", {"x", "", "["});
  json.begin_array("h");
  json.begin_object();
  json.end_object();
  json.begin_object();
  json.text("i", "{");
  json.text("j", "");
  json.end_object();
  json.end_array();
  json.end_object();
  EXPECT_EQ(json.take(),
            R"({"a":"x","b":18446744073709551615,"c":41.499,"d":0.007,"e":0.000,"f":[],)"
            R"("g":["x","","["],"h":[{},{"i":"{","j":""}]})");
}

TEST(JsonLine, escapes_what_json_or_a_terminal_could_take_for_its_own) {
  struct Case {
    std::string_view value;
    std::string_view expected;
  };
  for (const auto& [value, expected] : {
           Case{"plain /~", R"("plain /~")"},
           Case{"\"\\", R"("\"\\")"},
           Case{"\r\n\t\x1b\x7f", R"("\u000d\u000a\u0009\u001b\u007f")"},
           Case{std::string_view("\0", 1), R"("\u0000")"},
           Case{"\xc3\xa9\xe2\x82\xac", R"("\u00e9\u20ac")"},
           Case{"\xf0\x9f\x93\xa7", R"("\ud83d\udce7")"},
           Case{"\xf4\x8f\xbf\xbf", R"("\udbff\udfff")"},
           Case{"\xc2\x9b", R"("\u009b")"},
       }) {
    EXPECT_EQ(written(value), expected);
  }
}

// RFC 3629 §4: no overlong forms, no surrogates, nothing above U+10FFFF.
TEST(JsonLine, replaces_each_octet_that_is_no_utf8) {
  struct Case {
    std::string_view value;
    std::string_view expected;
  };
  for (const auto& [value, expected] : {
           Case{"a\x80z", R"("a\ufffdz")"},
           Case{"\xc0\x80", R"("\ufffd\ufffd")"},
           Case{"\xe0\x80\x80", R"("\ufffd\ufffd\ufffd")"},
           Case{"\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")"},
           Case{"\xf4\x90\x80\x80", R"("\ufffd\ufffd\ufffd\ufffd")"},
           Case{"\xf5\x80", R"("\ufffd\ufffd")"},
           Case{"\xe2\x82", R"("\ufffd\ufffd")"},
           Case{"\xc3", R"("\ufffd")"},
           Case{"\xc3(", R"("\ufffd(")"},
       }) {
    EXPECT_EQ(written(value), expected);
  }
}

TEST(JsonLine, is_read_back_as_it_was_meant) {
  for (char32_t code = 0; code < 0x800; ++code) {
    const std::string utf8 = code < 0x80 ? std::string(1, static_cast<char>(code))
                                         : std::string{static_cast<char>(0xc0 | (code >> 6)),
                                                       static_cast<char>(0x80 | (code & 0x3f))};
    EXPECT_EQ(nlohmann::json::parse(written(utf8)).get<std::string>(), utf8);
  }
}

TEST(JsonLine, cuts_long_values_between_characters) {
  JsonLine json;
  json.begin_object();
  json.text("whole", std::string(JsonLine::longest_text, 'x'));
  json.text("cut", std::string(JsonLine::longest_text - 1, 'x') + "\xc3\xa4");
  json.texts("list", {std::string(JsonLine::longest_element, 'y'),
                      std::string(JsonLine::longest_element + 1, 'y')});
  json.end_object();
  const std::string x(JsonLine::longest_text, 'x');
  const std::string y(JsonLine::longest_element, 'y');
  EXPECT_EQ(json.take(), "{\"whole\":\"" + x + "\",\"cut\":\"" + x.substr(1) +
                             "...\",\"list\":[\"" + y + "\",\"" + y + "...\"]}");
}

}  // namespace
}  // namespace icm
