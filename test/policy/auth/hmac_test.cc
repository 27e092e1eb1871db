// SPDX-License-Identifier: Apache-2.0
//
// HMAC-SHA-256 gives what RFC 4231 says, and secrets compare whole.
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/auth/crypto.h"

namespace icm {
namespace {

std::string hex(const Sha256Digest& digest) {
  std::string text;
  for (const std::uint8_t octet : digest) text += fmt::format("{:02x}", octet);
  return text;
}

TEST(HmacSha256, gives_the_values_of_rfc_4231) {
  struct Case {
    std::string key;
    std::string octets;
    std::string_view value;
  };
  const std::vector<Case> cases = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(hex(HmacSha256(one.key)(one.octets)), one.value) << one.octets;
  }
}

TEST(HmacSha256, answers_the_same_from_many_threads) {
  const HmacSha256 hmac("Jefe");
  const Sha256Digest expected = hmac("what do ya want for nothing?");
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (int& count : wrong) {
    threads.emplace_back([&hmac, &expected, &count] {
      for (int i = 0; i < 1000; ++i) {
        if (hmac("what do ya want for nothing?") != expected) ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(EqualSecrets, compares_every_octet_and_the_length) {
  EXPECT_TRUE(equal_secrets("", ""));
  EXPECT_TRUE(equal_secrets("abc", "abc"));
  EXPECT_FALSE(equal_secrets("abc", "abd"));
  EXPECT_FALSE(equal_secrets("xbc", "abc"));
  EXPECT_FALSE(equal_secrets("abc", "abcd"));
  EXPECT_FALSE(equal_secrets("", "a"));
}

}  // namespace
}  // namespace icm
