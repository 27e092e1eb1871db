// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/authserv_id.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

constexpr std::string_view ours = "mail.shop.example";

TEST(AuthservId, is_compared_as_a_domain) {
  EXPECT_TRUE(is_same_authserv_id("Mail.Shop.EXAMPLE", ours));
  EXPECT_TRUE(is_same_authserv_id("mail.shop.example.", ours));
  EXPECT_TRUE(
      is_same_authserv_id("b\xc3\xbc"
                          "cher.example",
                          "xn--bcher-kva.example"));
  EXPECT_TRUE(is_same_authserv_id("our gate", "OUR GATE"));
  EXPECT_FALSE(is_same_authserv_id("shop.example", ours));
  EXPECT_FALSE(is_same_authserv_id("", ours));
}

TEST(ClaimsAuthservId, sees_through_every_disguise) {
  for (const std::string_view forged : {
           "mail.shop.example; auth=pass",
           " MAIL.shop.Example; auth=pass",
           "mail.shop.example 1; auth=pass",
           "mail.shop.example 99; auth=pass",
           "mail.shop.example(c); auth=pass",
           "(c) mail.shop.example; auth=pass",
           "(a (b) c)\r\n\tmail.shop.example\r\n (d) ; auth=pass",
           "\"mail.shop.example\"; auth=pass",
           "\"mail\\.shop.example\"; auth=pass",
           "mail\\.shop.example; auth=pass",
           "\"mail.shop.example; auth=pass",
           "mail.shop.example.; auth=pass",
           "mail.shop.example",
           "mail.shop.example auth=pass",
           "mail.shop.example, auth=pass",
           "mail.shop.example/1; auth=pass",
           "mail.shop.example: auth=pass",
           "mail. shop.example; auth=pass",
           "mail.\r\n shop.example; auth=pass",
           "mail.shop(c).example; auth=pass",
           "<mail.shop.example>; auth=pass",
           "'mail.shop.example'; auth=pass",
           "; mail.shop.example; auth=pass",
           ",mail.shop.example; auth=pass",
           "= mail.shop.example; auth=pass",
           "other.example mail.shop.example; auth=pass",
           "(unclosed mail.shop.example; auth=pass",
           "=?us-ascii?q?mail.shop.example?=; auth=pass",
           "=?us-ascii?b?bWFpbC5zaG9wLmV4YW1wbGU=?=; auth=pass",
           "mail.shop.example\v; auth=pass",
       }) {
    EXPECT_TRUE(claims_authserv_id(forged, ours)) << forged;
  }
  EXPECT_TRUE(claims_authserv_id(std::string_view("mail.shop.example\0; auth=pass", 30), ours));
  EXPECT_TRUE(claims_authserv_id("mail.shop.example; " + std::string(100000, 'x'), ours));
}

TEST(ClaimsAuthservId, leaves_the_fields_of_others_alone) {
  for (const std::string_view honest : {
           "mx.other.example; spf=pass smtp.mailfrom=a@mail.shop.example",
           "mx.other.example; spf=pass smtp.helo=mail.shop.example",
           "shop.example; auth=pass",
           "gate.mail.shop.example; auth=pass",
           "mail.shop.example.evil.example; auth=pass",
           "mail.shop.examples; auth=pass",
           "xmail.shop.example; auth=pass",
           "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=mail.shop.example; dkim=none",
           "",
           "(mx)",
       }) {
    EXPECT_FALSE(claims_authserv_id(honest, ours)) << honest;
  }
}

TEST(ClaimsAuthservId, errs_to_true_when_our_name_stands_in_a_comment_before_the_semicolon) {
  EXPECT_TRUE(claims_authserv_id("mx.other.example (for mail.shop.example); spf=pass", ours));
}

TEST(ClaimsAuthservId, knows_labels_in_both_spellings) {
  EXPECT_TRUE(
      claims_authserv_id("b\xc3\xbc"
                         "cher.example; auth=pass",
                         "xn--bcher-kva.example"));
}

TEST(ClaimsAuthservId, has_nothing_to_protect_without_a_name) {
  EXPECT_FALSE(claims_authserv_id("mail.shop.example; auth=pass", ""));
}

TEST(IsRemovedAtArrival, removes_our_name_and_unknown_versions_under_any_spelling_of_the_field) {
  struct Case {
    std::string_view name;
    std::string_view value;
    bool removed;
  };
  for (const auto& [name, value, removed] : {
           Case{"Authentication-Results", " mail.shop.example; auth=pass", true},
           Case{"AUTHENTICATION-results", " mail.shop.example; auth=pass", true},
           Case{"Authentication-Results ", " mail.shop.example; auth=pass", true},
           Case{"Authentication-Results\t", " mail.shop.example; auth=pass", true},
           Case{"Authentication-Results", " mx.other.example 2; auth=pass", true},
           Case{"Authentication-Results", " mx.other.example 1; auth=pass", false},
           Case{"ARC-Authentication-Results", " i=1; mail.shop.example; auth=pass", false},
           Case{"X-Authentication-Results", " mail.shop.example; auth=pass", false},
       }) {
    EXPECT_EQ(is_removed_at_arrival({name, value}, ours), removed) << name << ":" << value;
  }
}

}  // namespace
}  // namespace icm
