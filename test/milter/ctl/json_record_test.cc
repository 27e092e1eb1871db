// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/json_record.h"

#include <gtest/gtest.h>

namespace icm::ctl {
namespace {

using Kind = JsonMember::Kind;

TEST(JsonRecord, has_its_members_in_their_order) {
  const auto members =
      read_json_record(R"( {"a": "x\"\u00e4", "b": null, "c": {"a": -7, "d": ""}, "e": {}} )");
  ASSERT_TRUE(members) << members.error().text;
  EXPECT_EQ(*members,
            (std::vector<JsonMember>{
                {.group = "", .name = "a", .kind = Kind::text, .text = "x\"\xc3\xa4"},
                {.group = "", .name = "b", .kind = Kind::null},
                {.group = "", .name = "c", .kind = Kind::object},
                {.group = "c", .name = "a", .kind = Kind::number, .text = "", .number = -7},
                {.group = "c", .name = "d", .kind = Kind::text},
                {.group = "", .name = "e", .kind = Kind::object}}));
}

std::string nested(std::size_t depth, std::string_view begin) {
  std::string line = "{\"a\":";
  for (std::size_t i = 0; i < depth; ++i) line += begin;
  return line;
}

std::string with_members(int count) {
  std::string line = "{\"m0\":0";
  for (int i = 1; i < count; ++i) line += fmt::format(",\"m{}\":0", i);
  return line + "}";
}

TEST(JsonRecord, of_another_kind_is_told_with_what_was_found) {
  struct Case {
    std::string line;
    std::string told;
  };
  for (const auto& [line, told] :
       {Case{"", "expected a JSON object, found \"\" at octet 1"},
        Case{"{\"a\":1", "expected a JSON object, found \"1\" at octet 7"},
        Case{"{\"a\":1} x", "expected a JSON object, found \"1} x\" at octet 9"},
        Case{"{'a':1}", "expected a JSON object, found \"{'\" at octet 2"},
        Case{"{\"a\":NaN}", "expected a JSON object, found \"\"a\":N\" at octet 6"},
        Case{"\"a\"", "expected a JSON object, found a text"},
        Case{"7", "expected a JSON object, found a number"},
        Case{"null", "expected a JSON object, found null"},
        Case{"[{}]", "expected a JSON object, found a list"},
        Case{"{\"a\":true}", "a: expected a text or a whole number, found true"},
        Case{"{\"a\":1.5}", "a: expected a text or a whole number, found 1.5"},
        Case{"{\"a\":1e400}", "expected a JSON object, found \"1e400\" at octet 10"},
        Case{"{\"a\":18446744073709551615}",
             "a: expected a text or a whole number, found a number too large"},
        Case{"{\"a\":{\"b\":[1]}}", "a.b: expected a text or a whole number, found a list"},
        Case{"{\"a\":{\"b\":{}}}", "a.b: expected a text or a whole number, found an object"},
        Case{"{\"a\":1,\"\\u0061\":2}", "expected each member once, found \"a\" again"},
        Case{"{\"a\":{\"b\":1,\"b\":1}}", "expected each member once, found \"a.b\" again"},
        Case{"{\"a\":\"\xff\"}", "expected UTF-8, found other octets"},
        Case{"{\"a\":\"\xed\xa0\x80\"}", "expected UTF-8, found other octets"},
        Case{nested(8000, "{\"a\":"), "a.a: expected a text or a whole number, found an object"},
        Case{nested(8000, "["), "a: expected a text or a whole number, found a list"},
        Case{with_members(65), "expected at most 64 members, found more"}}) {
    const auto members = read_json_record(line);
    ASSERT_FALSE(members) << line;
    EXPECT_EQ(members.error(), (Error{Code::syntax, told})) << line;
  }
  EXPECT_TRUE(read_json_record(with_members(64)));
}

TEST(JsonRecord, takes_no_half_of_a_character) {
  EXPECT_FALSE(read_json_record(R"({"a":"\ud800"})"));
  EXPECT_FALSE(read_json_record(R"({"a":"\udc00"})"));
  EXPECT_TRUE(read_json_record(R"({"a":"\ud83d\ude00"})"));
}

}  // namespace
}  // namespace icm::ctl
