// SPDX-License-Identifier: Apache-2.0
#include "policy/base/keyed_hash.h"

#include <bit>
#include <random>

namespace icm {
namespace {

// The `count` octets at `octets`, at most eight, as a number with the least significant first.
std::uint64_t word_at(const char* octets, std::size_t count) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(octets[i])} << (8 * i);
  }
  return word;
}

std::uint64_t random_word(std::random_device& source) {
  return std::uint64_t{source()} << 32 | source();
}

// The four words of state, with their names in the paper.
struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }

  void take(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

}  // namespace

KeyedHash::KeyedHash() : key_{} {
  std::random_device source;
  for (std::uint64_t& word : key_) word = random_word(source);
}

std::uint64_t KeyedHash::operator()(std::string_view octets) const {
  State state{.v0 = key_[0] ^ 0x736f6d6570736575,
              .v1 = key_[1] ^ 0x646f72616e646f6d,
              .v2 = key_[0] ^ 0x6c7967656e657261,
              .v3 = key_[1] ^ 0x7465646279746573};
  const std::uint64_t length = octets.size();
  for (; octets.size() >= 8; octets.remove_prefix(8)) state.take(word_at(octets.data(), 8));
  state.take(word_at(octets.data(), octets.size()) | length << 56);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace icm
