// SPDX-License-Identifier: Apache-2.0
#include "policy/store/stored_text.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

TEST(StoredText, is_made_fit_to_be_kept_and_no_longer_than_there_is_room) {
  struct Case {
    std::string_view given;
    std::size_t limit;
    std::string_view kept;
  };
  for (const auto& [given, limit, kept] :
       {Case{"", 5, ""}, Case{"Kunden \xc3\xa4.csv", 100, "Kunden \xc3\xa4.csv"},
        Case{"a\nb\x1b[0m\x7f", 100, "a?b?[0m?"},
        Case{"a\xc2\x9b"
             "b",
             100, "a?b"},
        Case{"\xff\xc3", 100, "??"}, Case{"\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80"},
        Case{"a\xc3\xa4", 2, "a"}, Case{"\xff\xff\xff", 2, "??"}}) {
    EXPECT_EQ(for_store(given, limit), kept) << given;
    EXPECT_TRUE(check_stored_text("text", kept, limit)) << kept;
  }
}

}  // namespace
}  // namespace icm
