// SPDX-License-Identifier: Apache-2.0
//
// A Domain is valid, in lower case and in A-labels, or it is not.
#include "policy/base/domain.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using namespace std::string_literals;

std::string problem(std::string_view text) {
  const auto domain = Domain::parse(text);
  if (domain) return "taken as " + domain->text();
  EXPECT_EQ(domain.error().code, Code::syntax);
  return domain.error().text;
}

const std::string label_63(63, 'a');
const std::string name_253 =
    label_63 + "." + label_63 + "." + label_63 + "." + std::string(61, 'b');

TEST(Domain, is_kept_in_lower_case_without_its_final_dot) {
  struct Case {
    std::string_view given, text;
  };
  for (const auto& [given, text] :
       {Case{"icloud.com", "icloud.com"}, Case{"ICloud.COM.", "icloud.com"},
        Case{"_dmarc.example.com", "_dmarc.example.com"}, Case{"localhost", "localhost"},
        Case{"r3---sn-1.example", "r3---sn-1.example"}, Case{"192.0.2.1", "192.0.2.1"},
        Case{"xn--bcher-kva.example", "xn--bcher-kva.example"}}) {
    const auto domain = Domain::parse(given);
    ASSERT_TRUE(domain) << domain.error().text;
    EXPECT_EQ(domain->text(), text);
  }
}

TEST(Domain, turns_u_labels_into_a_labels) {
  struct Case {
    std::string_view given, text;
  };
  for (const auto& [given, text] :
       {Case{"bücher.example", "xn--bcher-kva.example"},
        Case{"BÜCHER.Example", "xn--bcher-kva.example"},
        Case{"bu\xcc\x88"
             "cher.example",
             "xn--bcher-kva.example"},  // u and a combining diaeresis
        Case{"faß.de", "xn--fa-hia.de"}, Case{"日本語。jp", "xn--wgv71a119e.jp"},
        Case{"_dmarc.bücher.example.", "_dmarc.xn--bcher-kva.example"}}) {
    const auto domain = Domain::parse(given);
    ASSERT_TRUE(domain) << domain.error().text;
    EXPECT_EQ(domain->text(), text);
  }
}

TEST(Domain, says_what_is_wrong) {
  struct Case {
    std::string given, text;
  };
  for (const auto& [given, text] : {
           Case{"", "domain \"\": is empty"},
           Case{".", "domain \".\": is empty"},
           Case{"a..b", "domain \"a..b\": has an empty label"},
           Case{".a", "domain \".a\": has an empty label"},
           Case{"a..", "domain \"a..\": has an empty label"},
           Case{"-a.b", "domain \"-a.b\": has a label that begins or ends with a hyphen"},
           Case{"a-.b", "domain \"a-.b\": has a label that begins or ends with a hyphen"},
           Case{"a b",
                "domain \"a b\": has a blank, expected letters, digits, hyphens, "
                "underscores and dots"},
           Case{"a\0b"s,
                "domain \"a\0b\": has the octet 0x00, expected letters, digits, hyphens, "
                "underscores and dots"s},
           Case{"[192.0.2.1]",
                "domain \"[192.0.2.1]\": has '[', expected letters, "
                "digits, hyphens, underscores and dots"},
           Case{label_63 + "a.b",
                "domain \"" + label_63 + "a.b\": has a label of 64 octets, at most 63 are allowed"},
           Case{"ü\0"s, "domain \"ü\0\": has a NUL octet"s},
           Case{"ü\xff", "domain \"ü\xff\": is no internationalized name: string encoding error"},
           Case{"☃.net",
                "domain \"☃.net\": is no internationalized name: string contains a "
                "disallowed character"},
       }) {
    EXPECT_EQ(problem(given), text);
  }
}

TEST(Domain, has_at_most_253_octets) {
  EXPECT_TRUE(Domain::parse(name_253));
  EXPECT_TRUE(Domain::parse(name_253 + "."));
  EXPECT_EQ(problem(name_253 + "b"), "domain \"" + name_253.substr(0, 80) +
                                         "...\": has 254 octets, at most 253 are allowed");
  EXPECT_EQ(
      problem("ü" + std::string(100000, 'a')),
      "domain \"ü" + std::string(78, 'a') + "...\": has 100002 octets, at most 253 are allowed");
}

TEST(Domain, is_within_itself_and_its_ancestors_only) {
  const Domain apple = *Domain::parse("apple.com");
  EXPECT_TRUE(apple.is_within(apple));
  EXPECT_TRUE(Domain::parse("mail.Apple.com")->is_within(apple));
  EXPECT_FALSE(Domain::parse("pineapple.com")->is_within(apple));
  EXPECT_FALSE(Domain::parse("com")->is_within(apple));
  EXPECT_FALSE(apple.is_within(*Domain::parse("mail.apple.com")));
}

}  // namespace
}  // namespace icm
