// SPDX-License-Identifier: Apache-2.0
#include "policy/base/keyed_hash.h"

#include <string>

#include <gtest/gtest.h>

namespace icm {
namespace {

// The key and the messages of the reference implementation: octets 0, 1, 2 …
constexpr KeyedHash::Key reference_key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string octets_up_to(int count) {
  std::string octets;
  for (int i = 0; i < count; ++i) octets += static_cast<char>(i);
  return octets;
}

TEST(KeyedHash, is_siphash_2_4) {
  const KeyedHash hash(reference_key);
  EXPECT_EQ(hash(octets_up_to(0)), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(hash(octets_up_to(1)), 0x74f839c593dc67fdu);
  EXPECT_EQ(hash(octets_up_to(7)), 0xab0200f58b01d137u);
  EXPECT_EQ(hash(octets_up_to(8)), 0x93f5f5799a932462u);
  EXPECT_EQ(hash(octets_up_to(15)), 0xa129ca6149be45e5u);
  EXPECT_EQ(hash(octets_up_to(63)), 0x958a324ceb064572u);
}

TEST(KeyedHash, has_another_key_each_time) { EXPECT_NE(KeyedHash()("mail"), KeyedHash()("mail")); }

}  // namespace
}  // namespace icm
