// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/distinct_count.h"

#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr std::size_t first_size = 8;

// Every bit of the hash takes part in choosing the place (Fibonacci hashing).
std::size_t place_of(std::uint64_t hash, std::size_t size) {
  return static_cast<std::size_t>((hash * 0x9e3779b97f4a7c15u) >> 32) & (size - 1);
}

}  // namespace

std::uint64_t hash_ignoring_case(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(lower_ascii(c))) * 0x100000001b3u;
  }
  return hash;
}

void DistinctCount::add(std::uint64_t hash) {
  if (hash == 0) hash = 1;
  if (2 * (count_ + 1) > places_.size()) grow();
  const std::size_t size = places_.size();
  std::size_t place = place_of(hash, size);
  while (places_[place] != 0) {
    if (places_[place] == hash) return;
    place = (place + 1) & (size - 1);
  }
  places_[place] = hash;
  ++count_;
}

void DistinctCount::grow() {
  std::vector<std::uint64_t> old(places_.empty() ? first_size : 2 * places_.size());
  old.swap(places_);
  count_ = 0;
  for (const std::uint64_t hash : old) {
    if (hash != 0) add(hash);
  }
}

}  // namespace icm::ctl
