// SPDX-License-Identifier: Apache-2.0
//
// Addresses as SMTP knows them.
#include "policy/base/mailbox.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

std::string problem(std::string_view text) {
  const auto mailbox = Mailbox::parse(text);
  if (mailbox) return "taken as " + mailbox->text();
  EXPECT_EQ(mailbox.error().code, Code::syntax);
  return mailbox.error().text;
}

TEST(Mailbox, takes_every_form_of_an_smtp_path) {
  struct Case {
    std::string_view given, local, domain;
  };
  for (const auto& [given, local, domain] : {
           Case{"bob@icloud.com", "bob", "icloud.com"},
           Case{"<Bob+tag@ICLOUD.com.>", "Bob+tag", "icloud.com"},
           Case{"<@relay.example,@b.example:bob@icloud.com>", "bob", "icloud.com"},
           Case{"a.b!#$%&'*+-/=?^_`{|}~@c", "a.b!#$%&'*+-/=?^_`{|}~", "c"},
           Case{"\"a b\"@c", "\"a b\"", "c"},
           Case{"\"a\\\"@\\\\\"@c", "\"a\\\"@\\\\\"", "c"},
           Case{"\"\"@c", "\"\"", "c"},
           Case{"jürgen@bücher.example", "jürgen", "xn--bcher-kva.example"},
       }) {
    const auto mailbox = Mailbox::parse(given);
    ASSERT_TRUE(mailbox) << mailbox.error().text;
    EXPECT_EQ(mailbox->local(), local);
    EXPECT_EQ(mailbox->domain().text(), domain);
    EXPECT_EQ(mailbox->text(), std::string(local) + "@" + std::string(domain));
  }
}

TEST(Mailbox, says_what_is_wrong) {
  struct Case {
    std::string given, text;
  };
  const std::string dots = "the local part must be atoms joined by single dots, or quoted";
  for (const auto& [given, text] : {
           Case{"", "address \"\": has no \"@\""},
           Case{"<>", "address \"<>\": has no \"@\""},
           Case{"root", "address \"root\": has no \"@\""},
           Case{"<a@b", "address \"<a@b\": has \"<\" without \">\""},
           Case{"@b", "address \"@b\": the source route has no \":\""},
           Case{"@r:@b", "address \"@r:@b\": has no local part"},
           Case{"@:a@b",
                "address \"@:a@b\": the source route must be \"@domain\" joined by commas"},
           Case{"@r,s:a@b",
                "address \"@r,s:a@b\": the source route must be \"@domain\" joined by commas"},
           Case{"a..b@c", "address \"a..b@c\": " + dots},
           Case{".a@c", "address \".a@c\": " + dots},
           Case{"a.@c", "address \"a.@c\": " + dots},
           Case{"a b@c", "address \"a b@c\": " + dots},
           Case{"a,b@c", "address \"a,b@c\": " + dots},
           Case{"a@b>",
                "address \"a@b>\": domain \"b>\": has '>', expected letters, "
                "digits, hyphens, underscores and dots"},
           Case{"\"a@b", "address \"\"a@b\": the quoted local part is not closed or not printable"},
           Case{"\"a\\", "address \"\"a\\\": the quoted local part is not closed or not printable"},
           Case{"\"a\n\"@b",
                "address \"\"a\n\"@b\": the quoted local part is not closed or not printable"},
           Case{"\"a\"b@c", "address \"\"a\"b@c\": expected \"@\" after the local part"},
           Case{"\"a\"", "address \"\"a\"\": expected \"@\" after the local part"},
           Case{"a@", "address \"a@\": domain \"\": is empty"},
           Case{"a@b@c",
                "address \"a@b@c\": domain \"b@c\": has '@', expected letters, "
                "digits, hyphens, underscores and dots"},
           Case{"a@[192.0.2.1]",
                "address \"a@[192.0.2.1]\": has an address literal instead of a domain"},
       }) {
    EXPECT_EQ(problem(given), text);
  }
}

TEST(Mailbox, local_part_must_be_utf8) {
  EXPECT_EQ(problem("\xed\xa0\x80@b"), "address \"\xed\xa0\x80@b\": is not UTF-8");
}

TEST(Mailbox, holds_to_the_lengths_of_rfc_5321) {
  EXPECT_TRUE(Mailbox::parse(std::string(64, 'a') + "@b"));
  EXPECT_EQ(problem(std::string(65, 'a') + "@b"),
            "address \"" + std::string(65, 'a') +
                "@b\": the local part has 65 octets, at most 64 are allowed");
  const std::string labels =
      std::string(63, 'd') + "." + std::string(63, 'd') + "." + std::string(61, 'd');
  EXPECT_TRUE(Mailbox::parse(std::string(64, 'a') + "@" + labels));
  EXPECT_EQ(problem(std::string(64, 'a') + "@" + labels + "d"),
            "address \"" + std::string(64, 'a') + "@" + std::string(15, 'd') +
                "...\": has 255 octets, at most 254 are allowed");
}

TEST(Mailbox, key_folds_case_and_drops_needless_quotes_only) {
  struct Case {
    std::string_view given, key;
  };
  for (const auto& [given, key] : {Case{"Bob.Smith+Tag-x@iCloud.com", "bob.smith+tag-x@icloud.com"},
                                   Case{"\"Bob\"@icloud.com", "bob@icloud.com"},
                                   Case{"\"b\\ob.s\"@icloud.com", "bob.s@icloud.com"},
                                   Case{"\"B ob\"@icloud.com", "\"b ob\"@icloud.com"},
                                   Case{"\"a..b\"@icloud.com", "\"a..b\"@icloud.com"},
                                   Case{"\"\"@icloud.com", "\"\"@icloud.com"}}) {
    EXPECT_EQ(Mailbox::parse(given)->key(), key) << given;
  }
}

TEST(ReversePath, is_null_a_mailbox_or_text) {
  EXPECT_TRUE(ReversePath::from("<>").is_null());
  EXPECT_TRUE(ReversePath::from("").is_null());
  EXPECT_FALSE(ReversePath::from("<>").mailbox);

  const ReversePath mailbox = ReversePath::from("<News@Shop.example>");
  EXPECT_EQ(mailbox.text, "News@Shop.example");
  EXPECT_EQ(mailbox.mailbox, *Mailbox::parse("News@shop.example"));

  const ReversePath local_name = ReversePath::from("<root>");
  EXPECT_EQ(local_name.text, "root");
  EXPECT_FALSE(local_name.is_null());
  EXPECT_FALSE(local_name.mailbox);

  const ReversePath literal = ReversePath::from("<a@[192.0.2.1]>");
  EXPECT_EQ(literal.text, "a@[192.0.2.1]");
  EXPECT_FALSE(literal.mailbox);
}

}  // namespace
}  // namespace icm
