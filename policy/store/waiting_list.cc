// SPDX-License-Identifier: Apache-2.0
#include "policy/store/waiting_list.h"

namespace icm {
namespace {

constexpr std::size_t most_ends = 4 * WaitingList::most_claims;

}  // namespace

void WaitingList::turn_away(const std::string& line, std::uint64_t claim, std::int64_t now) {
  if (claim == 0) return;
  forget_old(now);
  auto place = claims_.find(claim);
  if (place != claims_.end() && place->second.line != line) {
    leave(place);
    place = claims_.end();
  }
  if (place == claims_.end()) {
    if (claims_.size() >= most_claims || by_end_.size() >= most_ends) return;
    place = claims_.emplace(claim, Claim{.line = line, .until = 0}).first;
    ++lengths_[line];
  }
  // Known to the minute: a claim that is turned away every second has one end a minute, not sixty.
  constexpr std::int64_t minute = 60'000;
  if (place->second.until >= now + patience - minute || by_end_.size() >= most_ends) return;
  place->second.until = now + patience;
  by_end_.emplace_back(place->second.until, claim);
}

void WaitingList::served(std::uint64_t claim) {
  const auto place = claims_.find(claim);
  if (place != claims_.end()) leave(place);
}

bool WaitingList::is_known(std::uint64_t claim, std::int64_t now) {
  forget_old(now);
  return claims_.contains(claim);
}

std::uint32_t WaitingList::length(const std::string& line, std::int64_t now) {
  forget_old(now);
  const auto found = lengths_.find(line);
  return found == lengths_.end() ? 0 : found->second;
}

void WaitingList::leave(std::unordered_map<std::uint64_t, Claim>::iterator place) {
  const auto length = lengths_.find(place->second.line);
  if (--length->second == 0) lengths_.erase(length);
  claims_.erase(place);
}

// Ends are noted in the order of time, so only the front has to be looked at.
void WaitingList::forget_old(std::int64_t now) {
  while (!by_end_.empty() && by_end_.front().first <= now) {
    const auto [end, claim] = by_end_.front();
    by_end_.pop_front();
    const auto place = claims_.find(claim);
    if (place != claims_.end() && place->second.until <= end) leave(place);
  }
}

}  // namespace icm
