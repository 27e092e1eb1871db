// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/canonical.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

std::string canonical_body(std::string_view body, Canonicalization form, std::size_t chunk) {
  std::string result;
  BodyCanonicalizer canonicalizer(form, [&](std::string_view piece) { result += piece; });
  for (; !body.empty(); body.remove_prefix(std::min(chunk, body.size())))
    canonicalizer.feed(body.substr(0, chunk));
  canonicalizer.finish();
  return result;
}

TEST(Canonical, bodies_come_out_the_same_in_any_chunks) {
  struct Case {
    std::string_view body, simple, relaxed;
  };
  for (const auto& [body, simple, relaxed] : {
           Case{"", "\r\n", ""},
           Case{"\r\n\r\n", "\r\n", ""},
           Case{" \t\r\n", " \t\r\n", ""},
           Case{" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n",
                " C\r\nD E\r\n"},  // RFC 6376 §3.4.5
           Case{"no end", "no end\r\n", "no end\r\n"},
           Case{"no end  ", "no end  \r\n", "no end\r\n"},
           Case{"\r\n\r\ntext\r\n", "\r\n\r\ntext\r\n", "\r\n\r\ntext\r\n"},
           Case{"a\r\n \r\n\t\r\n", "a\r\n \r\n\t\r\n", "a\r\n"},
           Case{"a\rb\nc \r d\r", "a\rb\nc \r d\r\r\n", "a\rb\nc \r d\r\r\n"},
           Case{"a\r\r\nb", "a\r\r\nb\r\n", "a\r\r\nb\r\n"},
           Case{"tab\there\t\tand  two\r\n", "tab\there\t\tand  two\r\n", "tab here and two\r\n"},
       }) {
    for (const std::size_t chunk : {1u, 2u, 3u, 5u, 64u}) {
      EXPECT_EQ(canonical_body(body, Canonicalization::simple, chunk), simple)
          << body << " by " << chunk;
      EXPECT_EQ(canonical_body(body, Canonicalization::relaxed, chunk), relaxed)
          << body << " by " << chunk;
    }
  }
}

TEST(Canonical, fields_follow_the_example_of_rfc_6376) {
  const auto canonical = [](std::string_view name, std::string_view value, Canonicalization form) {
    std::string text;
    append_canonical_header(text, {name, value}, form);
    return text;
  };
  EXPECT_EQ(canonical("A", " X", Canonicalization::relaxed), "a:X\r\n");
  EXPECT_EQ(canonical("B ", " Y\t\r\n\tZ  ", Canonicalization::relaxed), "b:Y Z\r\n");
  EXPECT_EQ(canonical("B ", " Y\t\r\n\tZ  ", Canonicalization::simple), "B : Y\t\r\n\tZ  \r\n");
  EXPECT_EQ(canonical("Empty", "", Canonicalization::relaxed), "empty:\r\n");
}

TEST(Canonical, long_bodies_pass_the_buffer_whole) {
  std::string body;
  for (int i = 0; i < 20000; ++i) body += "line " + std::to_string(i) + "\r\n";
  EXPECT_EQ(canonical_body(body, Canonicalization::relaxed, 65535), body);
  EXPECT_EQ(canonical_body(body, Canonicalization::simple, 1000), body);
}

}  // namespace
}  // namespace icm
