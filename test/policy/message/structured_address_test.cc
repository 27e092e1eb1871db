// SPDX-License-Identifier: Apache-2.0
//
// Address lists: the examples of RFC 5322 appendix A, what mail programs write, and hostile input.
#include <chrono>

#include <gtest/gtest.h>

#include "policy/message/structured.h"

namespace icm {
namespace {

using namespace std::string_literals;

// The list in one line: "name <local@domain>", a group as "group: … ;", marks in braces; or the
// Error.
std::string shown(std::string_view value) {
  const auto list = parse_address_list(value);
  if (!list) {
    EXPECT_EQ(list.error().code, Code::syntax);
    return list.error().text;
  }
  std::string text;
  for (const Address& address : *list) {
    if (!text.empty()) text += ", ";
    if (address.in_group) text += "[" + address.group + "] ";
    if (!address.display_name.empty()) text += address.display_name + " ";
    text += "<" + address.text() + ">";
    if (address.unquoted_dot) text += " {dot}";
    if (address.obsolete_syntax) text += " {obsolete}";
  }
  return text;
}

struct Case {
  std::string value, shown;
};

TEST(AddressList, reads_the_examples_of_rfc_5322_appendix_a) {
  for (const auto& [value, expected] : {
           // A.1.1
           Case{" John Doe <jdoe@machine.example>", "John Doe <jdoe@machine.example>"},
           Case{" Michael Jones <mjones@machine.example>",
                "Michael Jones <mjones@machine.example>"},
           // A.1.2
           Case{" \"Joe Q. Public\" <john.q.public@example.com>",
                "Joe Q. Public <john.q.public@example.com>"},
           Case{" Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
                "Mary Smith <mary@x.test>, <jdoe@example.org>, Who? <one@y.test>"},
           Case{" <boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
                "<boss@nil.test>, Giant; \"Big\" Box <sysservices@example.net>"},
           // A.1.3
           Case{" A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
                "[A Group] Ed Jones <c@a.test>, [A Group] <joe@where.test>, [A Group] John "
                "<jdoe@one.test>"},
           Case{" Undisclosed recipients:;", ""},
           // A.5
           Case{" Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
                "Pete <pete@silly.test> {obsolete}"},
           Case{"A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
                "         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of "
                "the group)",
                "[A Group] Chris Jones <c@public.example> {obsolete}, [A Group] <joe@example.org>, "
                "[A Group] John <jdoe@one.test>"},
           Case{"(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", ""},
           // A.6.1
           Case{" Joe Q. Public <john.q.public@example.com>",
                "Joe Q. Public <john.q.public@example.com> {dot}"},
           Case{" Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
                "Mary Smith <mary@example.net> {obsolete}, <jdoe@test.example> {obsolete}"},
           // A.6.3
           Case{" John Doe <jdoe@machine(comment).  example>",
                "John Doe <jdoe@machine.example> {obsolete}"},
           Case{" Mary Smith\r\n  \r\n          <mary@example.net>",
                "Mary Smith <mary@example.net>"},
       }) {
    EXPECT_EQ(shown(value), expected) << value;
  }
}

TEST(AddressList, reads_what_mail_programs_write) {
  for (const auto& [value, expected] : {
           Case{" root (Cron Daemon)", "<root>"},
           Case{" root@host.example (Cron Daemon)", "<root@host.example>"},
           Case{" MAILER-DAEMON@mx.example (Mail Delivery System)", "<MAILER-DAEMON@mx.example>"},
           Case{" <root>", "<root>"},
           Case{" =?utf-8?q?J=C3=BCrgen?= <j@a.example>", "=?utf-8?q?J=C3=BCrgen?= <j@a.example>"},
           Case{" Jürgen Müller <jürgen@bücher.example>", "Jürgen Müller <jürgen@bücher.example>"},
           Case{" \"Smith, John\" <john@a.example>,\r\n\t\"O'Neil\" <o'neil@a.example>",
                "Smith, John <john@a.example>, O'Neil <o'neil@a.example>"},
           Case{" \"a@b.example via List\" <list@c.example>",
                "a@b.example via List <list@c.example>"},
           Case{" undisclosed-recipients: ;", ""},
           Case{" a@[192.0.2.1], b@[IPv6:2001:db8::1]", "<a@[192.0.2.1]>, <b@[IPv6:2001:db8::1]>"},
           Case{" bounce+a=b.example@c.example", "<bounce+a=b.example@c.example>"},
           Case{" < a@b >", "<a@b>"},
           Case{" (only) a@b (comments)", "<a@b>"},
           Case{" \"folded\r\n name\" <a@b>", "folded name <a@b>"},
           Case{" One \"Two\" Three.Four<a@b>", "One Two Three.Four <a@b> {dot}"},
           Case{" \"\" <a@b>", "<a@b>"},
       }) {
    EXPECT_EQ(shown(value), expected) << value;
  }
}

TEST(AddressList, keeps_quotes_of_a_local_part_only_where_they_are_needed) {
  for (const auto& [value, expected] : {
           Case{"\"bob\"@b", "<bob@b>"},
           Case{"\"bob.s\"@b", "<bob.s@b>"},
           Case{"\"b\\ob\"@b", "<bob@b>"},
           Case{"\"bob s\"@b", "<\"bob s\"@b>"},
           Case{"\"a@b\"@b", "<\"a@b\"@b>"},
           Case{"\"a\\\"\\\\\"@b", "<\"a\\\"\\\\\"@b>"},
           Case{"\"a..b\"@b", "<\"a..b\"@b>"},
           Case{"\"\"@b", "<\"\"@b>"},
           Case{"\"a\".\"b c\"@b", "<a.\"b c\"@b>"},
       }) {
    EXPECT_EQ(shown(value), expected) << value;
  }
}

TEST(AddressList, marks_obsolete_syntax) {
  for (const auto& [value, expected] : {
           Case{"a@b", "<a@b>"},
           Case{"a @b", "<a@b> {obsolete}"},
           Case{"a@ b", "<a@b> {obsolete}"},
           Case{"a@\r\n b", "<a@b> {obsolete}"},
           Case{"a@(c)b", "<a@b> {obsolete}"},
           Case{"a . b@c", "<a.b@c> {obsolete}"},
           Case{"a@b .c", "<a@b.c> {obsolete}"},
           Case{"<@r,@s.example:a@b>", "<a@b> {obsolete}"},
           Case{"<,@r, , @s:a@b>", "<a@b> {obsolete}"},
           Case{"a@b,", "<a@b> {obsolete}"},
           Case{",a@b,c@d", "<a@b> {obsolete}, <c@d> {obsolete}"},
           Case{"g:,;", ""},
           Case{"g:a@b,;", "[g] <a@b> {obsolete}"},
           Case{"\"a\x01\"@b", "<\"a\x01\"@b> {obsolete}"},
           Case{"\"a\x7f\" <a@b>", "a\x7f <a@b> {obsolete}"},
           Case{"a@[1\\2]", "<a@[12]> {obsolete}"},
           Case{"a@[\\\\\\[\\]]", "<a@[\\\\\\[\\]]> {obsolete}"},
       }) {
    EXPECT_EQ(shown(value), expected) << value;
  }
}

TEST(AddressList, says_where_and_what_was_expected) {
  for (const auto& [value, expected] : {
           Case{"", "offset 0: expected an address, found the end"},
           Case{" \r\n ", "offset 4: expected an address, found the end"},
           Case{",", "offset 1: expected an address, found the end"},
           Case{"(a)", "offset 3: expected an address, found the end"},
           Case{"@b", "offset 0: expected an address, found \"@\""},
           Case{";", "offset 0: expected an address, found \";\""},
           Case{"Ann Lee",
                "offset 7: expected \"<\" and an address after the display name, found the end"},
           Case{"Ann Lee@b",
                "offset 7: expected one local part of atoms joined by dots, or quoted, "
                "before \"@\", found \"@\""},
           Case{"a..b@c",
                "offset 4: expected one local part of atoms joined by dots, or quoted, "
                "before \"@\", found \"@\""},
           Case{"a.@c",
                "offset 2: expected one local part of atoms joined by dots, or quoted, "
                "before \"@\", found \"@\""},
           Case{"a@", "offset 2: expected a domain, found the end"},
           Case{"a@b.", "offset 4: expected a domain, found the end"},
           Case{"a@.b", "offset 2: expected a domain, found \".\""},
           Case{"a@b@c", "offset 3: expected \",\" or the end, found \"@\""},
           Case{"a@b c@d", "offset 4: expected \",\" or the end, found \"c\""},
           Case{"a@b; c@d", "offset 3: expected \",\" or the end, found \";\""},
           Case{"a@b.c <a@b.c>",
                "offset 6: expected \",\" or the end (a display name with \"@\" "
                "must be quoted), found \"<\""},
           Case{"<a@b", "offset 4: expected \">\", found the end"},
           Case{"<a@b c>", "offset 5: expected \">\", found \"c\""},
           Case{"<>", "offset 1: expected an address after \"<\", found \">\""},
           Case{"<@r>", "offset 3: expected \"@\", \",\" or \":\" in the route, found \">\""},
           Case{"<a@b>>", "offset 5: expected \",\" or the end, found \">\""},
           Case{"g:a@b", "offset 5: expected \",\" or \";\", found the end"},
           Case{"g:h:a@b;;", "offset 3: expected \",\" or \";\", found \":\""},
           Case{"g:a@b c@d;", "offset 6: expected \",\" or \";\", found \"c\""},
           Case{"\"a", "offset 0: the quoted string is not closed"},
           Case{"\"a\\", "offset 0: the quoted string is not closed"},
           Case{"x (a(b)", "offset 2: the comment is not closed"},
           Case{"x (a\\)", "offset 2: the comment is not closed"},
           Case{"x (a\\", "offset 2: the comment is not closed"},
           Case{"a@[1", "offset 2: the domain literal is not closed"},
           Case{"a@[[1]", "offset 3: expected text of the domain literal, found \"[\""},
           Case{"a\rb@c", "offset 1: expected \",\" or the end, found the octet 0x0d"},
           Case{"g:;a@b", "offset 3: expected \",\" or the end, found \"a\""},
           Case{"\"a\r\nb\"@c",
                "offset 2: expected text of the quoted string, found the octet 0x0d"},
           Case{"(\n)a@c", "offset 1: expected text of the comment, found the octet 0x0a"},
           Case{"\"a\0\"@c"s, "offset 2: expected text of the quoted string, found the octet 0x00"},
           Case{"a@b\r\n", "offset 3: expected \",\" or the end, found the octet 0x0d"},
       }) {
    EXPECT_EQ(shown(value), expected) << value;
  }
}

TEST(AddressList, takes_linear_time_and_no_stack_for_hostile_input) {
  // Quadratic work on this would not end within the time a test is given.
  constexpr std::size_t many = 400'000;
  std::string list;
  for (std::size_t i = 0; i < many / 8; ++i) list += "a@b.ex ,";
  EXPECT_EQ(shown(std::string(many, '(')), "offset 0: the comment is not closed");
  EXPECT_EQ(shown(std::string(many, '(') + std::string(many, ')') + "a@b"), "<a@b>");
  EXPECT_EQ(shown(std::string(many, ',') + "a@b"), "<a@b> {obsolete}");
  EXPECT_EQ(shown(std::string(many, '"')).substr(0, 100),
            "offset 400000: expected \"<\" and an address after the display name, found the end");
  EXPECT_EQ(shown("\"" + std::string(many, '\\')), "offset 0: the quoted string is not closed");
  EXPECT_EQ(shown("<" + std::string(many, '@')), "offset 2: expected a domain, found \"@\"");
  EXPECT_EQ(parse_address_list(list)->size(), many / 8);
  // Each address of a group knows its name: copies of a long one would take all memory there is.
  const auto group = parse_address_list(std::string(many, 'g') + ":" + list + "a;");
  ASSERT_EQ(group->size(), many / 8 + 1);
  EXPECT_EQ(group->back().group, std::string(100, 'g') + "...");
}

}  // namespace
}  // namespace icm
