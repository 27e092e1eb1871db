// SPDX-License-Identifier: Apache-2.0
//
// Header fields are kept octet by octet.
#include "policy/message/header.h"

#include <gtest/gtest.h>

#include "policy/message/envelope.h"

namespace icm {
namespace {

HeaderList example() {
  HeaderList headers;
  headers.add("Received", " from a\n\tby b");
  headers.add("From", " Ann <ann@a.example>");
  headers.add("received", " from c");
  headers.add("Subject", "");
  return headers;
}

TEST(HeaderList, keeps_order_octets_and_names_as_received) {
  const HeaderList headers = example();
  ASSERT_EQ(headers.size(), 4u);
  EXPECT_EQ(headers[0].name, "Received");
  EXPECT_EQ(headers[1].value, " Ann <ann@a.example>");
  EXPECT_EQ(headers[2].name, "received");
  EXPECT_EQ(headers[3].name, "Subject");
  EXPECT_EQ(headers[3].value, "");
}

TEST(HeaderList, writes_bare_lf_as_crlf_and_changes_nothing_else) {
  struct Case {
    std::string_view given, kept;
  };
  for (const auto& [given, kept] :
       {Case{" a\n b", " a\r\n b"}, Case{" a\r\n b", " a\r\n b"}, Case{"\n\n", "\r\n\r\n"},
        Case{"a\rb", "a\rb"}, Case{"a\r", "a\r"}, Case{"a\r\r\n b\n", "a\r\r\n b\r\n"}}) {
    HeaderList headers;
    headers.add("X", given);
    EXPECT_EQ(headers[0].value, kept);
  }
}

TEST(HeaderList, finds_names_without_regard_to_case) {
  const HeaderList headers = example();
  EXPECT_EQ(headers.count("RECEIVED"), 2u);
  EXPECT_EQ(headers.count("To"), 0u);
  EXPECT_EQ(headers.first("received")->value, " from a\r\n\tby b");
  EXPECT_FALSE(headers.first("To"));
  ASSERT_EQ(headers.all("Received").size(), 2u);
  EXPECT_EQ(headers.all("Received")[1].value, " from c");
  EXPECT_TRUE(headers.all("Receive").empty());
}

TEST(HeaderList, gives_text_unfolded_and_trimmed) {
  const HeaderList headers = example();
  EXPECT_EQ(headers.text("Received"), "from a\tby b");
  EXPECT_EQ(headers.text("Subject"), "");
  EXPECT_EQ(headers.text("To"), "");
}

TEST(HeaderList, counts_what_is_on_the_wire) {
  EXPECT_EQ(HeaderList().wire_size(), 0u);
  EXPECT_TRUE(HeaderList().empty());
  HeaderList headers;
  headers.add("To", " a\n b");
  EXPECT_EQ(headers.wire_size(), std::string_view("To: a\r\n b\r\n").size());
}

TEST(HeaderList, copies_are_independent) {
  HeaderList headers = example();
  const HeaderList copy = headers;
  headers.add("To", " b");
  EXPECT_EQ(copy.size(), 4u);
  EXPECT_EQ(copy[0].value, " from a\r\n\tby b");
}

TEST(Envelope, names_roles_and_origins) {
  std::string names;
  for (const Role role : all_roles) names.append(to_string(role)).append(" ");
  for (const Origin origin : all_origins) names.append(to_string(origin)).append(" ");
  EXPECT_EQ(names, "arrival gate direct unknown submission relay local forwarded ");
}

}  // namespace
}  // namespace icm
