// SPDX-License-Identifier: Apache-2.0
#include "policy/recipients.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

Domain domain(std::string_view text) { return *Domain::parse(text); }

TEST(NamedAppleDomains, knows_the_published_names_and_nothing_near_them) {
  const NamedAppleDomains apple({});
  for (const std::string_view name :
       {"icloud.com", "me.com", "mac.com", "ICLOUD.com", "icloud.com.", "privaterelay.appleid.com",
        "private.icloud.com"}) {
    EXPECT_TRUE(apple.contains(domain(name))) << name;
  }
  for (const std::string_view name : {"apple.com", "mail.icloud.com", "xicloud.com", "appleid.com",
                                      "icloud.com.example", "me.com.au", "com"}) {
    EXPECT_FALSE(apple.contains(domain(name))) << name;
  }
}

TEST(NamedAppleDomains, knows_what_the_administrator_added_but_nothing_below_it) {
  const NamedAppleDomains apple({domain("zoe.example"), domain("anna.example")});
  EXPECT_TRUE(apple.contains(domain("anna.example")));
  EXPECT_TRUE(apple.contains(domain("ZOE.example")));
  EXPECT_TRUE(apple.contains(domain("icloud.com")));
  EXPECT_FALSE(apple.contains(domain("mail.anna.example")));
  EXPECT_FALSE(apple.is_private_relay(domain("anna.example")));
}

TEST(NamedAppleDomains, tells_private_relay_from_mailboxes) {
  const NamedAppleDomains apple({});
  EXPECT_TRUE(apple.is_private_relay(domain("privaterelay.appleid.com")));
  EXPECT_TRUE(apple.is_private_relay(domain("private.icloud.com")));
  EXPECT_FALSE(apple.is_private_relay(domain("icloud.com")));
}

Reach reach(std::string_view text) {
  Recipient recipient;
  recipient.text = text;
  if (auto mailbox = Mailbox::parse(text)) recipient.mailbox = *std::move(mailbox);
  return reach_of(recipient, NamedAppleDomains({domain("zoe.example")}));
}

TEST(ReachOf, goes_by_the_domain_of_a_mailbox) {
  for (const std::string_view text :
       {"john@icloud.com", "john@ICLOUD.com", "\"john\"@icloud.com.", "@a.example:john@icloud.com",
        "@a.example,@b.example:john@icloud.com", "\"a:b (c)\"@icloud.com", "john@zoe.example",
        "a%b@icloud.com", "j\xc3\xb6hn@icloud.com"}) {
    EXPECT_EQ(reach(text), Reach::apple) << text;
  }
  for (const std::string_view text :
       {"john@other.example", "john+icloud.com@other.example", "john=icloud.com@other.example",
        "a%b@other.example", "a!b@other.example", "\"a@b.example\"@other.example",
        "\"john (icloud.com)\"@other.example", "@icloud.com:john@other.example"}) {
    EXPECT_EQ(reach(text), Reach::elsewhere) << text;
  }
}

TEST(ReachOf, knows_an_address_that_is_only_too_long) {
  EXPECT_EQ(reach(std::string(65, 'a') + "@icloud.com"), Reach::apple);
  EXPECT_EQ(reach(std::string(65, 'a') + "@other.example"), Reach::elsewhere);
}

// All of these were seen to reach icloud.com through Postfix, or may through others.
TEST(ReachOf, is_unclear_where_cleaning_makes_an_apple_address) {
  for (const std::string_view text : {"john@(x)icloud.com",
                                      "john@icloud.(x)com",
                                      "john@icl(x)oud.com",
                                      "john(x)@icloud.com",
                                      "john@icloud.com(a(b)c)",
                                      "john@icloud.com(",
                                      "john@\"icloud\".com",
                                      "john@\\icloud.com",
                                      "jo\\hn@icloud.com",
                                      "john@iclo\\ud.com",
                                      "john@ icloud.com",
                                      "john @icloud.com",
                                      " john@icloud.com ",
                                      "john@icloud .com",
                                      "John Doe <john@icloud.com>",
                                      "group:john@icloud.com;",
                                      "john@icloud.com,eve@icloud.com",
                                      "john.@icloud.com",
                                      "jo..hn@icloud.com",
                                      "a:b@icloud.com",
                                      "john@[icloud.com]",
                                      "john@icloud.com..",
                                      "john@icloud.com\t",
                                      "john@icloud.com@"}) {
    EXPECT_EQ(reach(text), Reach::unclear) << text;
  }
}

TEST(ReachOf, is_unclear_where_a_route_leads_to_apple) {
  for (const std::string_view text :
       {"john%icloud.com", "john%icloud.com@ours.example", "\"john%icloud.com\"@ours.example",
        "icloud.com!john", "icloud.com!john@ours.example", "\"icloud.com!john\"@ours.example",
        "\"john@icloud.com\"@ours.example", "\"john@icloud.com\"", "john@icloud.com@ours.example",
        "john@ours.example@icloud.com", "a%zoe.example%b.example@ours.example"}) {
    EXPECT_EQ(reach(text), Reach::unclear) << text;
  }
}

TEST(ReachOf, leaves_odd_addresses_of_others_alone) {
  for (const std::string_view text :
       {"", "postmaster", "john@(x)other.example", "john@other.example(icloud.com)",
        "john%other.example", "other.example!john", "\"john@other.example\"@ours.example",
        "john@[192.0.2.1]", "john@[IPv6:::1]", "john@mail.icloud.com (x)", "john@xicloud.com.",
        "john@icloud.com.example..", "jo..hn@other.example", "\\", "(((", "\""}) {
    EXPECT_EQ(reach(text), Reach::elsewhere) << text;
  }
}

}  // namespace
}  // namespace icm
