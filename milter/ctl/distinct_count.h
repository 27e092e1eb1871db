// SPDX-License-Identifier: Apache-2.0
//
// DistinctCount: how many different texts there were, among millions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace icm::ctl {

// The same for texts that differ in the case of ASCII letters only.
std::uint64_t hash_ignoring_case(std::string_view text);

// Keeps hashes of 64 bits, not texts: among a million texts, two that count as one are to be
// expected in one of thirty million logs. A table with open addresses, since std::unordered_set
// took more than half of the time of a whole summary.
class DistinctCount {
 public:
  void add(std::uint64_t hash);
  std::uint64_t count() const { return count_; }

 private:
  void grow();
  std::vector<std::uint64_t> places_;  // a power of two of them; 0 is a free one
  std::uint64_t count_ = 0;
};

}  // namespace icm::ctl
