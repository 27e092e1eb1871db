// SPDX-License-Identifier: Apache-2.0
//
// OctetMasks: where the octets that matter to a body stand within a block of 64, as bits. The
// least significant bit is the first octet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace icm {

constexpr std::size_t block_size = 64;

struct OctetMasks {
  std::uint64_t cr = 0;
  std::uint64_t lf = 0;
  bool operator==(const OctetMasks&) const = default;
};

// What hardly any block has: asked of many together.
struct RareOctets {
  bool nul = false;
  bool eight_bit = false;  // an octet above 127
  bool operator==(const RareOctets&) const = default;
};

// Reads `blocks` blocks that follow one another, into as many masks.
using MaskReader = RareOctets (*)(const char* octets, std::size_t blocks, OctetMasks* masks);

// The readers that this machine can run, the fastest first; all of them find the same. The last is
// plain C++.
const std::vector<MaskReader>& mask_readers();

}  // namespace icm
