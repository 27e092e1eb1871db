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

}  // namespace
}  // namespace icm
