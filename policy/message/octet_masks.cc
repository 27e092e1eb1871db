// SPDX-License-Identifier: Apache-2.0
//
// The same reading three times: in registers of 32 octets where the processor has them, of 16 on
// every other x86-64, and of eight anywhere.
#include "policy/message/octet_masks.h"

#include <array>
#include <bit>
#include <cstring>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace icm {
namespace {

constexpr std::uint64_t ones = 0x0101010101010101;
constexpr std::uint64_t high_bits = 0x8080808080808080;

using Words = std::array<std::uint64_t, 8>;  // a block

// One bit for each octet of `word` that is zero. No carry crosses octets: the sum of two numbers
// below 128 stays in its octet.
std::uint64_t zeros(std::uint64_t word) {
  const std::uint64_t non_zero = ((word & ~high_bits) + ~high_bits) | word;
  // The product gathers the eighth bits of eight octets in the topmost octet.
  return ((~non_zero & high_bits) >> 7) * 0x0102040810204080 >> 56;
}

std::uint64_t places(const Words& words, char c) {
  const std::uint64_t wanted = ones * static_cast<unsigned char>(c);
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < words.size(); ++i) mask |= zeros(words[i] ^ wanted) << (8 * i);
  return mask;
}

RareOctets read_by_8(const char* octets, std::size_t blocks, OctetMasks* masks) {
  std::uint64_t all = 0;
  std::uint64_t nul = 0;
  for (; blocks > 0; --blocks, octets += block_size, ++masks) {
    Words words;
    std::memcpy(words.data(), octets, block_size);
    for (std::uint64_t& word : words) {
      if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
      all |= word;
    }
    nul |= places(words, '\0');
    *masks = {.cr = places(words, '\r'), .lf = places(words, '\n')};
  }
  return {.nul = nul != 0, .eight_bit = (all & high_bits) != 0};
}

#ifdef __x86_64__

std::uint64_t places(__m128i octets, __m128i wanted) {
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(octets, wanted)));
}

RareOctets read_by_16(const char* octets, std::size_t blocks, OctetMasks* masks) {
  const __m128i cr = _mm_set1_epi8('\r');
  const __m128i lf = _mm_set1_epi8('\n');
  // The least octet at each place is zero where one of all was; the topmost bits of their union
  // are those of octets above 127.
  __m128i least = _mm_set1_epi8('\xff');
  __m128i all = _mm_setzero_si128();
  for (; blocks > 0; --blocks, octets += block_size, ++masks) {
    *masks = {};
    for (unsigned place = 0; place < block_size; place += 16) {
      const __m128i sixteen = _mm_loadu_si128(reinterpret_cast<const __m128i*>(octets + place));
      masks->cr |= places(sixteen, cr) << place;
      masks->lf |= places(sixteen, lf) << place;
      least = _mm_min_epu8(least, sixteen);
      all = _mm_or_si128(all, sixteen);
    }
  }
  return {.nul = places(least, _mm_setzero_si128()) != 0, .eight_bit = _mm_movemask_epi8(all) != 0};
}

[[gnu::target("avx2")]] std::uint64_t places(__m256i octets, __m256i wanted) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(octets, wanted)));
}

[[gnu::target("avx2")]] RareOctets read_by_32(const char* octets, std::size_t blocks,
                                              OctetMasks* masks) {
  const __m256i cr = _mm256_set1_epi8('\r');
  const __m256i lf = _mm256_set1_epi8('\n');
  __m256i least = _mm256_set1_epi8('\xff');
  __m256i all = _mm256_setzero_si256();
  for (; blocks > 0; --blocks, octets += block_size, ++masks) {
    const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(octets));
    const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(octets + 32));
    *masks = {.cr = places(a, cr) | places(b, cr) << 32, .lf = places(a, lf) | places(b, lf) << 32};
    least = _mm256_min_epu8(least, _mm256_min_epu8(a, b));
    all = _mm256_or_si256(all, _mm256_or_si256(a, b));
  }
  return {.nul = places(least, _mm256_setzero_si256()) != 0,
          .eight_bit = _mm256_movemask_epi8(all) != 0};
}

#endif

std::vector<MaskReader> readers_here() {
  std::vector<MaskReader> readers;
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) readers.push_back(read_by_32);
  readers.push_back(read_by_16);
#endif
  readers.push_back(read_by_8);
  return readers;
}

}  // namespace

const std::vector<MaskReader>& mask_readers() {
  static const std::vector<MaskReader> readers = readers_here();
  return readers;
}

}  // namespace icm
