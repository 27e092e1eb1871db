// SPDX-License-Identifier: Apache-2.0
//
// KeyedHash: SipHash-2-4 (Aumasson and Bernstein, 2012). Whoever does not know the key cannot write
// texts that meet in one value, so that it may be used on what strangers send.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace icm {

// Immutable, safe from any thread.
class KeyedHash {
 public:
  using Key = std::array<std::uint64_t, 2>;  // the 16 octets of the key, least significant first

  KeyedHash();  // with a random key: values mean nothing outside this object
  explicit KeyedHash(Key key) : key_(key) {}

  // For whoever keeps values in a file; who may not write texts that meet must not learn it.
  const Key& key() const { return key_; }

  std::uint64_t operator()(std::string_view octets) const;

 private:
  Key key_;
};

}  // namespace icm
