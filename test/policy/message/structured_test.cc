// SPDX-License-Identifier: Apache-2.0
//
// Message identifiers and Content-Type.
#include "policy/message/structured.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

struct Case {
  std::string_view value, shown;
};

std::string shown_id(std::string_view value) {
  const auto id = parse_message_id(value);
  if (!id) {
    EXPECT_EQ(id.error().code, Code::syntax);
    return id.error().text;
  }
  return id->left + " at " + id->right + (id->obsolete_syntax ? " {obsolete}" : "");
}

std::string shown_type(std::string_view value) {
  const auto type = parse_content_type(value);
  if (!type) {
    EXPECT_EQ(type.error().code, Code::syntax);
    return type.error().text;
  }
  std::string text = type->type + "/" + type->subtype;
  for (const auto& [name, content] : type->parameters) text += " " + name + "=[" + content + "]";
  return text;
}

TEST(MessageId, reads_one_identifier) {
  for (const auto& [value, expected] : {
           Case{" <1234@local.machine.example>", "1234 at local.machine.example"},
           Case{"              <testabcd.1234@silly.test>", "testabcd.1234 at silly.test"},
           Case{"\r\n <CAF+x=Y_z-1@mail.gmail.com>", "CAF+x=Y_z-1 at mail.gmail.com"},
           Case{" <AM0PR01MB1.eurprd01.prod.outlook.com@a> (c)",
                "AM0PR01MB1.eurprd01.prod.outlook.com at a"},
           Case{" <1@[192.0.2.1]>", "1 at [192.0.2.1]"},
           Case{" <1@[]>", "1 at []"},
           Case{" <1@j\xc3\xbcrgen.example>", "1 at j\xc3\xbcrgen.example"},
       }) {
    EXPECT_EQ(shown_id(value), expected) << value;
  }
}

TEST(MessageId, marks_obsolete_syntax) {
  for (const auto& [value, expected] : {
           Case{" <1234   @   local(blah)  .machine .example>",
                "1234 at local.machine.example {obsolete}"},
           Case{"<\"a b\"@c>", "a b at c {obsolete}"},
           Case{"<\"a\".b@c>", "a.b at c {obsolete}"},
           Case{"< a@c>", "a at c {obsolete}"},
           Case{"<a@c >", "a at c {obsolete}"},
           Case{"<a@[1] >", "a at [1] {obsolete}"},
           Case{"<a.\r\n b@c>", "a.b at c {obsolete}"},
       }) {
    EXPECT_EQ(shown_id(value), expected) << value;
  }
}

TEST(MessageId, says_where_and_what_was_expected) {
  for (const auto& [value, expected] : {
           Case{"", "offset 0: expected \"<\", found the end"},
           Case{"a@b", "offset 0: expected \"<\", found \"a\""},
           Case{"<>", "offset 1: expected the left side of the identifier, found \">\""},
           Case{"<a>", "offset 2: expected \"@\", found \">\""},
           Case{"<a..b@c>", "offset 3: expected the left side of the identifier, found \".\""},
           Case{"<a@>", "offset 3: expected the right side of the identifier, found \">\""},
           Case{"<a@b.>", "offset 5: expected the right side of the identifier, found \">\""},
           Case{"<a@b@c>", "offset 4: expected \">\", found \"@\""},
           Case{"<a b@c>", "offset 3: expected \"@\", found \"b\""},
           Case{"<a@b", "offset 4: expected \">\", found the end"},
           Case{"<a@b> <c@d>", "offset 6: expected the end, found \"<\""},
           Case{"<a:b@c>", "offset 2: expected \"@\", found \":\""},
           Case{"<a@[b>", "offset 3: the domain literal is not closed"},
           Case{"<\"a@b>", "offset 1: the quoted string is not closed"},
       }) {
    EXPECT_EQ(shown_id(value), expected) << value;
  }
}

TEST(ContentType, reads_type_subtype_and_parameters) {
  for (const auto& [value, expected] : {
           Case{" text/plain", "text/plain"},
           Case{" Text/PLAIN; Charset=UTF-8; format=flowed",
                "text/plain charset=[UTF-8] format=[flowed]"},
           Case{" multipart/mixed;\r\n boundary=\"----=_Part 1\"",
                "multipart/mixed boundary=[----=_Part 1]"},
           Case{" text/plain; name=\"a\\\"b\\\\c;d\"", "text/plain name=[a\"b\\c;d]"},
           Case{" text/plain; charset=us-ascii (Plain text)", "text/plain charset=[us-ascii]"},
           Case{" (c) multipart (c) / (c) mixed (c) ; (c) boundary (c) = (c) x (c)",
                "multipart/mixed boundary=[x]"},
           Case{" application/x-stuff; title*0*=us-ascii'en'This%20is; title*1=fun",
                "application/x-stuff title*0*=[us-ascii'en'This%20is] title*1=[fun]"},
           Case{" text/plain;", "text/plain"},
           Case{" text/plain; ; charset=x ;", "text/plain charset=[x]"},
           Case{" text/plain; charset=\"\"", "text/plain charset=[]"},
       }) {
    EXPECT_EQ(shown_type(value), expected) << value;
  }
}

TEST(ContentType, gives_the_first_parameter_of_a_name) {
  const auto type = parse_content_type("a/b; X=1; x=2; y=3");
  ASSERT_TRUE(type);
  EXPECT_EQ(type->parameter("x"), "1");
  EXPECT_EQ(type->parameter("y"), "3");
  EXPECT_EQ(type->parameter("z"), "");
}

TEST(ContentType, says_where_and_what_was_expected) {
  for (const auto& [value, expected] : {
           Case{"", "offset 0: expected a type, found the end"},
           Case{"text", "offset 4: expected \"/\" after the type, found the end"},
           Case{"text/", "offset 5: expected a subtype, found the end"},
           Case{"text/plain charset=x", "offset 11: expected \";\" or the end, found \"c\""},
           Case{"text/plain; charset",
                "offset 19: expected \"=\" after the name of the parameter, "
                "found the end"},
           Case{"text/plain; =x", "offset 12: expected the name of a parameter, found \"=\""},
           Case{"text/plain; charset=",
                "offset 20: expected a value, quoted unless it is a token, "
                "found the end"},
           Case{"multipart/mixed; boundary=a=b",
                "offset 27: expected \";\" or the end, found \"=\""},
           Case{"multipart/mixed; boundary=\"a", "offset 26: the quoted string is not closed"},
           Case{"text/plain; charset=\xc3\xa4",
                "offset 20: expected a value, quoted unless it is a "
                "token, found the octet 0xc3"},
       }) {
    EXPECT_EQ(shown_type(value), expected) << value;
  }
}

}  // namespace
}  // namespace icm
