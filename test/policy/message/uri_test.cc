// SPDX-License-Identifier: Apache-2.0
#include "policy/message/uri.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

std::string shown(const Uri& uri) {
  std::string text = uri.scheme + ":";
  if (uri.has_authority) text += "//";
  if (uri.userinfo) text += *uri.userinfo + "@";
  text += uri.host;
  if (!uri.port.empty()) text += ":" + uri.port;
  text += "|" + uri.path;
  if (uri.query) text += "|?" + *uri.query;
  if (uri.fragment) text += "|#" + *uri.fragment;
  return text;
}

TEST(Uri, is_taken_apart_as_RFC_3986_does) {
  struct Case {
    std::string_view text;
    std::string_view parts;
  };
  for (const auto& [text, parts] : {
           Case{"https://example.com/a/b?c=d&e#f", "https://example.com|/a/b|?c=d&e|#f"},
           Case{"HTTPS://News.EXAMPLE", "https://news.example|"},
           Case{"https://u:p@h.example:8443/?", "https://u:p@h.example:8443|/|?"},
           Case{"ftp://[2001:DB8::1]:21/x", "ftp://[2001:db8::1]:21|/x"},
           Case{"mailto:a@b.example?subject=x%20y", "mailto:|a@b.example|?subject=x%20y"},
           Case{"urn:isbn:0451450523", "urn:|isbn:0451450523"},
           Case{"https:///path", "https://|/path"},
           Case{"https://h.example?x@y", "https://h.example||?x@y"},
           Case{"tel:+1-201-555-0123", "tel:|+1-201-555-0123"},
       }) {
    const auto uri = Uri::parse(text);
    ASSERT_TRUE(uri) << text << ": " << uri.error().text;
    EXPECT_EQ(shown(*uri), parts);
  }
}

TEST(Uri, says_what_cannot_stand_in_it) {
  struct Case {
    std::string_view text;
    std::string_view problem;
  };
  for (const auto& [text, problem] : {
           Case{"", "expected a scheme such as \"https:\""},
           Case{"/unsubscribe", "expected a scheme such as \"https:\""},
           Case{"1x:y", "expected a scheme such as \"https:\""},
           Case{":x", "expected a scheme such as \"https:\""},
           Case{"www.example.com/a:b", "expected a scheme such as \"https:\""},
           Case{"https://h.example/{{unsubscribe}}", "\"{\" must be percent-encoded in the path"},
           Case{"https://h.example/?u=*|UNSUB|*", "\"|\" must be percent-encoded in the query"},
           Case{"https://h.example/%%url%%", "\"%%u\" in the path is no percent-encoded octet"},
           Case{"https://h.example/%2", "\"%2\" in the path is no percent-encoded octet"},
           Case{"https://h.example/a b", "\" \" must be percent-encoded in the path"},
           Case{"https://h.example/\xc3\xa9", "\"\\xc3\" must be percent-encoded in the path"},
           Case{"https://h.example/[x]", "\"[\" must be percent-encoded in the path"},
           Case{"https://h.example/#a#b", "\"#\" must be percent-encoded in the fragment"},
           Case{"https://h_\\x/", "\"\\x5c\" must be percent-encoded in the host"},
           Case{"https://h.example:80a/", "port \"80a\" is no number"},
           Case{"https://[::1/", "\"[\" in the host without \"]\""},
           Case{"https://[::1]x/", "\"x\" after the host"},
           Case{"https://[192.0.2.1]/", "\"[192.0.2.1]\" is no IPv6 address"},
           Case{"https://a^b@h.example/", "\"^\" must be percent-encoded in the user name"},
       }) {
    const auto uri = Uri::parse(text);
    ASSERT_FALSE(uri) << text << " is " << shown(*uri);
    EXPECT_EQ(uri.error().text, problem) << text;
  }
}

TEST(SchemeOf, is_known_also_when_the_rest_is_no_uri) {
  EXPECT_EQ(scheme_of("HTTPS://{{x}}"), "https");
  EXPECT_EQ(scheme_of("mailto:"), "mailto");
  EXPECT_EQ(scheme_of("example.com"), "");
  EXPECT_EQ(scheme_of("-x:y"), "");
}

std::string https_problem(std::string_view text) {
  const auto uri = Uri::parse(text);
  if (!uri) return "no URI: " + uri.error().text;
  const Status status = check_https(*uri);
  return status ? "none" : status.error().text;
}

TEST(CheckHttps, asks_for_a_host_that_can_be_called) {
  struct Case {
    std::string_view text;
    std::string_view problem;
  };
  for (const auto& [text, problem] : {
           Case{"https://h.example/u/1", "none"},
           Case{"https://h.example:443", "none"},
           Case{"https://[2001:db8::1]/", "none"},
           Case{"https:h.example", "expected \"//\" and a host after \"https:\""},
           Case{"https:///u/1", "the host is missing"},
           Case{"https://:443/u", "the host is missing"},
           Case{"https://shop.example@evil.example/", "a user name must not stand before the host"},
           Case{"https://h.example:0/", "port 0 does not exist"},
           Case{"https://h.example:65536/", "port 65536 does not exist"},
       }) {
    EXPECT_EQ(https_problem(text), problem) << text;
  }
  EXPECT_NE(https_problem("https://h..example/"), "none");
  EXPECT_NE(https_problem("https://a!b/"), "none");
}

std::string mailboxes(std::string_view text) {
  const auto uri = Uri::parse(text);
  if (!uri) return "no URI: " + uri.error().text;
  const auto found = parse_mailto(*uri);
  if (!found) return found.error().text;
  std::string list;
  for (const Mailbox& mailbox : *found) list += mailbox.text() + " ";
  return list;
}

TEST(ParseMailto, reads_path_and_to_fields) {
  struct Case {
    std::string_view text;
    std::string_view found;
  };
  for (const auto& [text, found] : {
           Case{"mailto:u@h.example", "u@h.example "},
           Case{"mailto:u%2Bid@h.example?subject=x", "u+id@h.example "},
           Case{"mailto:a@h.example,b@h.example?to=c@h.example&cc=d@h.example",
                "a@h.example b@h.example c@h.example "},
           Case{"mailto:?TO=u@h.example", "u@h.example "},
           Case{"mailto:%22a%20b%22@h.example", "\"a b\"@h.example "},
           Case{"mailto:", "no address"},
           Case{"mailto:?subject=unsubscribe", "no address"},
           Case{"mailto://u@h.example", "\"//\" must not follow \"mailto:\""},
           Case{"mailto:u@h.example?unsubscribe",
                "expected name=value after \"?\", found \"unsubscribe\""},
           Case{"mailto:u", "address \"u\": has no \"@\""},
           Case{"mailto:a@h.example,", "address \"\": has no \"@\""},
       }) {
    EXPECT_EQ(mailboxes(text), found) << text;
  }
}

TEST(PercentDecoded, leaves_what_is_not_encoded) {
  EXPECT_EQ(percent_decoded("a%20b%2fC%c3%A9"), "a b/C\xc3\xa9");
  EXPECT_EQ(percent_decoded("100% %2 %zz %"), "100% %2 %zz %");
}

}  // namespace
}  // namespace icm
