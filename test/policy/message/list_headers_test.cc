// SPDX-License-Identifier: Apache-2.0
#include "policy/message/list_headers.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

// "<a> <b>*": the URLs, "*" behind those that had blanks inside.
std::string urls(const ListUrls& list) {
  std::string text;
  for (const ListUrl& url : list.urls) {
    text += fmt::format("{}<{}>{}", text.empty() ? "" : " ", url.text, url.had_blanks ? "*" : "");
  }
  return text;
}

TEST(ParseListUrls, reads_the_examples_of_RFC_2369) {
  struct Case {
    std::string_view value;
    std::string_view urls;
  };
  for (const auto& [value, expected] : {
           Case{" <mailto:list@host.com?subject=help> (List Instructions)",
                "<mailto:list@host.com?subject=help>"},
           Case{" <http://www.host.com/list/>, <mailto:list-info@host.com>",
                "<http://www.host.com/list/> <mailto:list-info@host.com>"},
           Case{" <ftp://ftp.host.com/list.txt> (FTP),\r\n    <mailto:list@host.com?subject=help>",
                "<ftp://ftp.host.com/list.txt> <mailto:list@host.com?subject=help>"},
           Case{" (Use this command to get off the list)\r\n"
                "     <mailto:list-manager@host.com?body=unsubscribe%20list>",
                "<mailto:list-manager@host.com?body=unsubscribe%20list>"},
       }) {
    const ListUrls list = parse_list_urls(value);
    EXPECT_EQ(urls(list), expected);
    EXPECT_FALSE(list.fault) << list.fault->text;
    EXPECT_FALSE(list.is_no);
  }
}

TEST(ParseListUrls, knows_the_list_that_takes_no_posts) {
  for (const std::string_view value : {"NO", " no ", " NO (posting not allowed on this list)"}) {
    EXPECT_TRUE(parse_list_urls(value).is_no) << value;
    EXPECT_FALSE(parse_list_urls(value).fault);
  }
  EXPECT_FALSE(parse_list_urls("nobody").is_no);
}

TEST(ParseListUrls, ignores_blanks_inside_the_brackets_and_says_so) {
  const ListUrls list =
      parse_list_urls("<https://a.example/\r\n very/long> ,\t< mailto:a@b.example >,<x:y>");
  EXPECT_EQ(urls(list), "<https://a.example/very/long>* <mailto:a@b.example>* <x:y>");
  EXPECT_FALSE(list.fault);
}

TEST(ParseListUrls, reads_comments_however_they_are_nested) {
  const ListUrls list = parse_list_urls("(a (b \\) c)) <x:y> (d), (e)(f) <x:z>(<g>)");
  EXPECT_EQ(urls(list), "<x:y> <x:z>");
  EXPECT_FALSE(list.fault);
}

TEST(ParseListUrls, stops_at_the_first_fault_as_clients_must) {
  using Kind = ListFault::Kind;
  struct Case {
    std::string_view value;
    std::string_view urls;
    Kind kind;
    std::string_view text;
  };
  for (const auto& [value, expected, kind, text] : {
           Case{"", "", Kind::empty, "the field is empty"},
           Case{" \r\n (nothing) ", "", Kind::empty, "the field is empty"},
           Case{" https://a.example/u", "", Kind::no_brackets,
                "expected \"<\" at octet 1, found \"https://a.example/u\""},
           Case{" <x:y>, mailto:a@b.example, <x:z>", "<x:y>", Kind::no_brackets,
                "expected \"<\" at octet 8, found \"mailto:a@b.example, <x:z>\""},
           Case{"<x:y>,,<x:z>", "<x:y>", Kind::no_brackets,
                "expected \"<\" at octet 6, found \",<x:z>\""},
           Case{" <x:y", "", Kind::open_bracket, "no \">\" after \"<x:y\""},
           Case{"<<x:y>>", "", Kind::nested, "\"<\" inside \"<<x:y>>\""},
           Case{"<x:<y>>", "", Kind::nested, "\"<\" inside \"<x:<y>>\""},
           Case{"<x:y>, < \r\n >", "<x:y>", Kind::empty_url, "nothing in the brackets at octet 7"},
           Case{"<x:y> <x:z>", "<x:y>", Kind::no_comma,
                "expected \",\" at octet 6, found \"<x:z>\""},
           Case{"<x:y>; <x:z>", "<x:y>", Kind::no_comma,
                "expected \",\" at octet 5, found \"; <x:z>\""},
           Case{"<x:y>, (more soon)", "<x:y>", Kind::ends_in_comma, "nothing after the last comma"},
           Case{"<x:y> (never closed", "<x:y>", Kind::open_comment,
                "comment not closed at octet 5"},
           Case{"(never closed\\", "", Kind::open_comment, "comment not closed at octet 0"},
       }) {
    const ListUrls list = parse_list_urls(value);
    EXPECT_EQ(urls(list), expected) << value;
    ASSERT_TRUE(list.fault) << value;
    EXPECT_EQ(list.fault->kind, kind) << value;
    EXPECT_EQ(list.fault->text, text);
  }
}

TEST(ParseListId, reads_the_examples_of_RFC_2919) {
  struct Case {
    std::string_view value;
    std::string_view id;
  };
  for (const auto& [value, id] : {
           Case{" List Header Mailing List <list-header.nisto.com>", "list-header.nisto.com"},
           Case{" <commonspace-users.list-id.within.com>", "commonspace-users.list-id.within.com"},
           Case{" \"Lena's Personal Joke List\"\r\n"
                "         <lenas-jokes.da39efc25c530ad145d41b86f7420c3b.021999.localhost>",
                "lenas-jokes.da39efc25c530ad145d41b86f7420c3b.021999.localhost"},
           Case{" \"An internal \\\"CMU\\\" List\" <0Jks9449.list-id.cmu.edu>",
                "0Jks9449.list-id.cmu.edu"},
           Case{" =?utf-8?q?B=C3=BCcher?= Dr. No <a.b>\r\n", "a.b"},
       }) {
    const auto found = parse_list_id(value);
    ASSERT_TRUE(found) << value << ": " << found.error().text;
    EXPECT_EQ(*found, id);
  }
}

TEST(ParseListId, says_what_is_wrong) {
  struct Case {
    std::string value;
    std::string_view problem;
  };
  for (const auto& [value, problem] : {
           Case{"", "expected \"<\" and an identifier"},
           Case{"news.shop.example", "expected \"<\" and an identifier"},
           Case{"Shop, Inc. <news.shop.example>", "\",\" must be quoted in the name before \"<\""},
           Case{"\"Shop <news.shop.example>", "a quoted string is not closed"},
           Case{"(x <news.shop.example>", "a comment is not closed"},
           Case{"<news.shop.example", "no \">\" after the identifier"},
           Case{"<news.shop.example> (ours)", "something follows the \">\""},
           Case{"<news>", "\"news\" is no identifier: labels joined by dots, without blanks"},
           Case{"<news shop.example>",
                "\"news shop.example\" is no identifier: labels joined by dots, without blanks"},
           Case{"<news@shop.example>",
                "\"news@shop.example\" is no identifier: labels joined by dots, without blanks"},
           Case{"<>", "\"\" is no identifier: labels joined by dots, without blanks"},
           Case{"<" + std::string(254, 'a') + ".b>",
                "the identifier has 256 octets, at most 255 are allowed"},
       }) {
    const auto found = parse_list_id(value);
    ASSERT_FALSE(found) << value;
    EXPECT_EQ(found.error().text, problem) << value;
  }
  EXPECT_FALSE(
      parse_list_id("<b\xc3\xbc"
                    "cher.shop.example>"));
}

}  // namespace
}  // namespace icm
