// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/auth_results.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

AuthenticationResults parsed(std::string_view value) {
  auto field = AuthenticationResults::parse(value);
  EXPECT_TRUE(field) << value << ": " << field.error().text;
  return field ? *field : AuthenticationResults{};
}

// The whole field in one line: "id/version | method/version=result reason{…} ptype.name=value | …".
std::string shown(const AuthenticationResults& field) {
  std::string text = fmt::format("{}/{}", field.authserv_id, field.version);
  for (const MethodResult& result : field.results) {
    text += fmt::format(" | {}/{}={}", result.method, result.version, result.result);
    if (!result.reason.empty()) text += fmt::format(" reason{{{}}}", result.reason);
    for (const auto& [ptype, name, value] : result.properties) {
      text += fmt::format(" {}.{}={}", ptype, name, value);
    }
  }
  return text;
}

struct Reading {
  std::string_view field;
  std::string_view shown;
};

TEST(AuthenticationResults, reads_the_examples_of_RFC_8601) {
  for (const auto& [field, expected] : {
           Reading{" example.org 1; none", "example.org/1"},
           Reading{" example.com;\r\n          spf=pass smtp.mailfrom=example.net",
                   "example.com/1 | spf/1=pass smtp.mailfrom=example.net"},
           Reading{" example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n"
                   " spf=pass smtp.mailfrom=example.net",
                   "example.com/1 | auth/1=pass smtp.auth=sender@example.net"
                   " | spf/1=pass smtp.mailfrom=example.net"},
           Reading{" example.com; iprev=pass\r\n          policy.iprev=192.0.2.200",
                   "example.com/1 | iprev/1=pass policy.iprev=192.0.2.200"},
           Reading{" example.com;\r\n dkim=pass (good signature) header.d=example.com",
                   "example.com/1 | dkim/1=pass header.d=example.com"},
           Reading{" example.com;\r\n dkim=pass reason=\"good signature\"\r\n"
                   " header.i=@mail-router.example.net;\r\n"
                   " dkim=fail reason=\"bad signature\" header.i=@newyork.example.com",
                   "example.com/1 | dkim/1=pass reason{good signature}"
                   " header.i=@mail-router.example.net"
                   " | dkim/1=fail reason{bad signature} header.i=@newyork.example.com"},
           Reading{" foo.example.net (foobar) 1 (baz);\r\n"
                   "    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n"
                   "      policy (A dot can go here) . (like that) expired\r\n"
                   "      (this surprised me) = (as I wasn't expecting it) 1362471462",
                   "foo.example.net/1 | dkim/1=fail policy.expired=1362471462"},
       }) {
    EXPECT_EQ(shown(parsed(field)), expected);
    EXPECT_EQ(parsed(field).oddity, "") << field;
  }
}

TEST(AuthenticationResults, reads_what_the_grammar_allows_and_few_write) {
  for (const auto& [field, expected] : {
           Reading{"\"mail (our) server\"; none", "mail (our) server/1"},
           Reading{"(a (nested \\) one)) x.example ;(c);", "x.example/1"},
           Reading{"x.example; NONE (really)", "x.example/1"},
           Reading{"x.example 2; SPF / 3 = PASS SMTP . MailFrom = A@b.example",
                   "x.example/2 | spf/3=pass smtp.mailfrom=A@b.example"},
           Reading{"x.example; auth=pass smtp.auth=\"john \\\"doe\\\"\"",
                   "x.example/1 | auth/1=pass smtp.auth=john \"doe\""},
           Reading{"x.example; spf=pass smtp.mailfrom=\"john; doe\"@b.example",
                   "x.example/1 | spf/1=pass smtp.mailfrom=\"john; doe\"@b.example"},
           Reading{"x.example; spf=pass smtp.mailfrom=a=b/c@b.example",
                   "x.example/1 | spf/1=pass smtp.mailfrom=a=b/c@b.example"},
           Reading{"x.example; dkim=pass (2048-bit key; unprotected) header.b=\"ab/c+\"",
                   "x.example/1 | dkim/1=pass header.b=ab/c+"},
           Reading{"x.example; dkim=fail reason=\"a\r\n b\"",
                   "x.example/1 | dkim/1=fail reason{a b}"},
           Reading{"b\xc3\xbc"
                   "cher.example; spf=pass smtp.mailfrom=j\xc3\xb6@b\xc3\xbc"
                   "cher.example",
                   "b\xc3\xbc"
                   "cher.example/1 | spf/1=pass smtp.mailfrom=j\xc3\xb6@b\xc3\xbc"
                   "cher.example"},
       }) {
    EXPECT_EQ(shown(parsed(field)), expected);
    if (field.find("(c);") == std::string_view::npos) {
      EXPECT_EQ(parsed(field).oddity, "") << field;
    }
  }
}

TEST(AuthenticationResults, takes_what_is_found_in_the_wild_and_names_the_first_oddity) {
  struct Case {
    std::string_view field;
    std::string_view shown;
    std::string_view oddity;
  };
  for (const auto& [field, expected, oddity] : {
           Case{"spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=b.example; dkim=none (message not "
                "signed) header.d=none;dmarc=pass action=none header.from=b.example;compauth=pass "
                "reason=100",
                "/1 | spf/1=pass smtp.mailfrom=b.example | dkim/1=none header.d=none"
                " | dmarc/1=pass .action=none header.from=b.example | compauth/1=pass reason{100}",
                "at octet 0: the authserv-id is missing"},
           Case{"mx.b.example; spf=pass smtp.mailfrom=b.example;",
                "mx.b.example/1 | spf/1=pass"
                " smtp.mailfrom=b.example",
                "at octet 47: nothing between semicolons"},
           Case{"mx.b.example", "mx.b.example/1", "at octet 12: no result and no \"none\""},
           Case{"mx.b.example;", "mx.b.example/1", "at octet 13: nothing between semicolons"},
           Case{"x.example; dkim=pass header.b=ab/cd header.i=@b.example",
                "x.example/1 | dkim/1=pass header.b=ab/cd header.i=@b.example",
                "at octet 35: a value is neither a word nor an address"},
           Case{"x.example; iprev=pass policy.iprev=2001:db8::1",
                "x.example/1 | iprev/1=pass policy.iprev=2001:db8::1",
                "at octet 46: a value is neither a word nor an address"},
           Case{"x.example; spf=none smtp.mailfrom=", "x.example/1 | spf/1=none smtp.mailfrom=",
                "at octet 34: a value is neither a word nor an address"},
           Case{"x.example; spf=fail smtp.mailfrom=<a@b.example>",
                "x.example/1 | spf/1=fail smtp.mailfrom=<a@b.example>",
                "at octet 47: a value is neither a word nor an address"},
           Case{"x.example; spf pass; dkim=pass", "x.example/1 | dkim/1=pass",
                "at octet 15: expected method=result"},
           Case{"x.example; dkim=fail header.d=b.example reason=\"late\"",
                "x.example/1 | dkim/1=fail reason{late} header.d=b.example",
                "at octet 53: the reason must stand once, before the properties"},
           Case{"x.example; dkim=pass words without sense; spf=pass",
                "x.example/1 | dkim/1=pass | spf/1=pass",
                "at octet 27: expected ptype.property=value"},
           Case{"x.example; none; spf=pass", "x.example/1 | spf/1=pass",
                "at octet 25: \"none\" beside other results"},
           Case{"x.example; spf=pass; none", "x.example/1 | spf/1=pass",
                "at octet 25: \"none\" beside other results"},
           Case{"x.example one; spf=pass", "x.example/1 | spf/1=pass",
                "at octet 13: expected a version or \";\" after the authserv-id"},
           Case{"x/y.example; none", "x/y.example/1", "at octet 11: the authserv-id is no token"},
           Case{"x.example; spf=pass (never closed; dkim=pass", "x.example/1 | spf/1=pass",
                "at octet 44: a comment is not closed"},
           Case{"x.example; auth=pass smtp.auth=\"open; spf=pass",
                "x.example/1 | auth/1=pass smtp.auth=open; spf=pass",
                "at octet 46: a quoted string is not closed"},
           Case{"x.example; spf=pass =x .y= smtp.=z", "x.example/1 | spf/1=pass .y=smtp.=z",
                "at octet 22: a property has no ptype"},
           Case{"x.example; sp_f=pa_ss", "x.example/1 | sp_f/1=pa_ss",
                "at octet 21: the method is no keyword"},
           Case{"; spf=pass", "/1 | spf/1=pass", "at octet 0: the authserv-id is no token"},
       }) {
    const AuthenticationResults found = parsed(field);
    EXPECT_EQ(shown(found), expected) << field;
    EXPECT_EQ(found.oddity, oddity) << field;
  }
}

TEST(AuthenticationResults, refuses_what_is_empty_or_beyond_bounds) {
  const auto problem = [](std::string_view value) {
    const auto field = AuthenticationResults::parse(value);
    return field ? std::string("none") : field.error().text;
  };
  EXPECT_EQ(problem(""), "Authentication-Results: expected an authserv-id, found nothing");
  EXPECT_EQ(problem(" (only) \r\n (comments)"),
            "Authentication-Results: expected an authserv-id, found nothing");
  EXPECT_EQ(problem(std::string(65537, 'x')),
            "Authentication-Results: 65537 octets, at most 65536 are read");
  std::string many = "x.example";
  for (int i = 0; i < 100; ++i) many += "; spf=pass";
  EXPECT_EQ(problem(many), "none");
  EXPECT_EQ(problem(many + "; spf=pass"),
            "Authentication-Results: more than 100 results or 500 properties");
  std::string wide = "x.example; spf=pass";
  for (int i = 0; i < 501; ++i) wide += " a.b=c";
  EXPECT_EQ(problem(wide), "Authentication-Results: more than 100 results or 500 properties");
}

TEST(AuthenticationResults, survives_endless_nesting) {
  EXPECT_EQ(parsed("x" + std::string(60000, '(')).oddity,
            "at octet 60001: a comment is not closed");
}

TEST(AuthenticationResults, finds_methods_and_properties) {
  const AuthenticationResults field =
      parsed("x.example; dkim=pass header.d=a.example; spf=fail; dkim=fail header.d=b.example");
  ASSERT_EQ(field.of("dkim").size(), 2u);
  EXPECT_EQ(field.of("dkim")[1]->property("header", "d"), "b.example");
  EXPECT_EQ(field.of("dkim")[1]->property("header", "i"), "");
  EXPECT_TRUE(field.of("dmarc").empty());
}

AuthenticationResults field_with(std::vector<MethodResult> results) {
  AuthenticationResults field;
  field.authserv_id = "mail.shop.example";
  field.results = std::move(results);
  return field;
}

MethodResult method(std::string name, std::string result, std::vector<ResultProperty> properties) {
  MethodResult made;
  made.method = std::move(name);
  made.result = std::move(result);
  made.properties = std::move(properties);
  return made;
}

TEST(ToFieldValue, folds_at_78_columns_and_between_words_only) {
  EXPECT_EQ(to_field_value(field_with({})), "mail.shop.example; none");
  EXPECT_EQ(
      to_field_value(field_with({method("auth", "pass", {{"policy", "origin", "submission"}})})),
      "mail.shop.example; auth=pass policy.origin=submission");
  const std::string value = to_field_value(
      field_with({method("spf", "pass", {{"smtp", "mailfrom", "news@bounce.shop.example"}}),
                  method("dkim", "pass", {{"header", "d", "shop.example"}, {"header", "s", "s1"}}),
                  method("dmarc", "pass", {{"header", "from", "shop.example"}})}));
  EXPECT_EQ(value,
            "mail.shop.example; spf=pass\r\n smtp.mailfrom=news@bounce.shop.example; dkim=pass "
            "header.d=shop.example\r\n header.s=s1; dmarc=pass header.from=shop.example");
}

TEST(ToFieldValue, fills_a_line_up_to_column_78_and_no_further) {
  // "Authentication-Results: mail.shop.example; auth=pass smtp.auth=" has 63 columns.
  const auto written = [](std::size_t octets) {
    return to_field_value(
        field_with({method("auth", "pass", {{"smtp", "auth", std::string(octets, 'x')}})}));
  };
  EXPECT_EQ(written(15), "mail.shop.example; auth=pass smtp.auth=xxxxxxxxxxxxxxx");
  EXPECT_EQ(written(16), "mail.shop.example; auth=pass\r\n smtp.auth=xxxxxxxxxxxxxxxx");
}

TEST(ToFieldValue, quotes_what_is_neither_a_word_nor_an_address) {
  struct Case {
    std::string_view value;
    std::string_view written;
  };
  for (const auto& [value, written] : {
           Case{"bob", "bob"},
           Case{"a@b.example", "a@b.example"},
           Case{"@b.example", "@b.example"},
           Case{"\"a b\"@c.example", "\"a b\"@c.example"},
           Case{"a/b==", "\"a/b==\""},
           Case{"john \"x\" \\doe", "\"john \\\"x\\\" \\\\doe\""},
           Case{"", "\"\""},
           Case{"a\r\nEvil: 1", "\"a??Evil: 1\""},
           Case{"j\xc3\xb6", "\"j??\""},
           Case{"user@localhost", "\"user@localhost\""},
       }) {
    AuthenticationResults field =
        field_with({method("auth", "pass", {{"smtp", "auth", std::string(value)}})});
    field.authserv_id = "x";
    EXPECT_EQ(to_field_value(field), fmt::format("x; auth=pass smtp.auth={}", written));
  }
}

TEST(ToFieldValue, leaves_out_what_no_such_field_can_say) {
  MethodResult odd = method("auth", "pass",
                            {{"", "action", "none"},
                             {"smtp", "a b", "x"},
                             {"smtp", "auth", std::string(900, 'x')},
                             {"smtp", "helo", "kept.example"}});
  odd.reason = std::string(900, 'x');
  EXPECT_EQ(to_field_value(field_with({odd, method("sp f", "pass", {}), method("spf", "", {})})),
            "mail.shop.example; auth=pass smtp.helo=kept.example");
}

TEST(ToFieldValue, makes_no_line_longer_than_998_octets) {
  const std::string quotes(440, '"');  // each takes two octets
  const std::string value = to_field_value(field_with({method("auth", "pass",
                                                              {{"smtp", "auth", quotes},
                                                               {"smtp", "auth", quotes + quotes},
                                                               {std::string(900, 'a'), "b", "c"}}),
                                                       method(std::string(900, 'm'), "pass", {})}));
  EXPECT_EQ(parsed(value).results.size(), 1u);
  EXPECT_EQ(parsed(value).results[0].properties,
            (std::vector<ResultProperty>{{"smtp", "auth", quotes}}));
  AuthenticationResults field = field_with({});
  field.authserv_id = std::string(901, 'x');
  EXPECT_EQ(to_field_value(field), "\"\"; none");
}

TEST(ToFieldValue, writes_versions_other_than_one_and_reasons) {
  AuthenticationResults field = field_with({method("DKIM", "Fail", {})});
  field.version = 2;
  field.results[0].version = 3;
  field.results[0].reason = "bad signature";
  EXPECT_EQ(to_field_value(field), "mail.shop.example 2; dkim/3=fail\r\n reason=\"bad signature\"");
}

TEST(ToFieldValue, is_read_back_as_it_was) {
  const std::string_view value =
      "mail.shop.example; auth=pass smtp.auth=\"john doe\"\r\n"
      " smtp.mailfrom=a@b.example; dkim/2=fail reason=\"bad \\\"x\\\"\"";
  EXPECT_EQ(parsed(to_field_value(parsed(value))), parsed(value));
}

}  // namespace
}  // namespace icm
