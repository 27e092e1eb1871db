// SPDX-License-Identifier: Apache-2.0
//
// OctetMasks: where the octets that matter to a body stand within a block of 64, as bits. The
// least significant bit is the first octet.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace icm {

constexpr std::size_t block_size = 64;

struct OctetMasks {
  std::uint64_t cr = 0;
  std::uint64_t lf = 0;
  bool has_nul = false;
  bool has_eight_bit = false;  // an octet above 127
  bool operator==(const OctetMasks&) const = default;
};

// On any machine: eight octets at a time in one register.
class PortableBlock {
 public:
  explicit PortableBlock(const char* octets) {
    std::memcpy(words_.data(), octets, block_size);
    if constexpr (std::endian::native == std::endian::big) {
      for (std::uint64_t& word : words_) word = __builtin_bswap64(word);
    }
  }

  std::uint64_t where(char c) const {
    const std::uint64_t wanted = ones * static_cast<unsigned char>(c);
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) mask |= zeros(words_[i] ^ wanted) << (8 * i);
    return mask;
  }

  OctetMasks masks() const {
    std::uint64_t all = 0;
    for (const std::uint64_t word : words_) all |= word;
    return {.cr = where('\r'),
            .lf = where('\n'),
            .has_nul = where('\0') != 0,
            .has_eight_bit = (all & high_bits) != 0};
  }

 private:
  static constexpr std::uint64_t ones = 0x0101010101010101;
  static constexpr std::uint64_t high_bits = 0x8080808080808080;

  // One bit for each octet of `word` that is zero. No carry crosses octets: the sum of two numbers
  // below 128 stays in its octet.
  static std::uint64_t zeros(std::uint64_t word) {
    const std::uint64_t non_zero = ((word & ~high_bits) + ~high_bits) | word;
    // The product gathers the eighth bits of eight octets in the topmost octet.
    return ((~non_zero & high_bits) >> 7) * 0x0102040810204080 >> 56;
  }

  std::array<std::uint64_t, 8> words_{};
};

#ifdef __SSE2__
// On every x86-64: four registers of sixteen octets.
class SseBlock {
 public:
  explicit SseBlock(const char* octets)
      : a_(load(octets)), b_(load(octets + 16)), c_(load(octets + 32)), d_(load(octets + 48)) {}

  std::uint64_t where(char c) const {
    const __m128i wanted = _mm_set1_epi8(c);
    return places(a_, wanted) | places(b_, wanted) << 16 | places(c_, wanted) << 32 |
           places(d_, wanted) << 48;
  }

  OctetMasks masks() const {
    // The least octet of each place is zero where one of the four is; the topmost bits of their
    // union are those of octets above 127.
    const __m128i least = _mm_min_epu8(_mm_min_epu8(a_, b_), _mm_min_epu8(c_, d_));
    const __m128i all = _mm_or_si128(_mm_or_si128(a_, b_), _mm_or_si128(c_, d_));
    return {.cr = where('\r'),
            .lf = where('\n'),
            .has_nul = places(least, _mm_setzero_si128()) != 0,
            .has_eight_bit = _mm_movemask_epi8(all) != 0};
  }

 private:
  static __m128i load(const char* octets) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(octets));
  }

  static std::uint64_t places(__m128i octets, __m128i wanted) {
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(octets, wanted)));
  }

  __m128i a_, b_, c_, d_;
};
using Block = SseBlock;
#else
using Block = PortableBlock;
#endif

}  // namespace icm
