// SPDX-License-Identifier: Apache-2.0
#include "policy/store/rate_counter.h"

#include <algorithm>
#include <limits>

namespace icm {
namespace {

constexpr std::int64_t slots_of_a_window = 60;
constexpr std::int64_t micros = 1000;  // in a millisecond

// Pieces of a calendar that are remembered: a clock that was set hither and thither must not make
// what was used on a day forgotten. A sliding window never sees its time go back.
constexpr std::int64_t days_kept = 8;

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

// Time that one unit takes in the pace, in microseconds; rounded up, so that no more goes by.
std::int64_t pace_of(const RateLimit& limit) {
  return ceil_div(limit.window.count() * micros, limit.amount);
}

}  // namespace

std::int64_t RateSlots::of(RateTime time) const { return floor_div(time, length); }

RateSlots slots_of(std::chrono::milliseconds window, Reckoning reckoning) {
  const std::int64_t length = std::max<std::int64_t>(1, window.count());
  if (reckoning == Reckoning::calendar) return {.length = length, .slots = 1};
  const std::int64_t slot = ceil_div(length, slots_of_a_window);
  return {.length = slot, .slots = ceil_div(length, slot) + 1};
}

std::uint32_t share_of(std::uint32_t amount, int share) {
  return std::max<std::uint32_t>(
      1, static_cast<std::uint32_t>(std::uint64_t{amount} * static_cast<unsigned>(share) / 100));
}

bool RateCounter::counts(const Slot& slot, std::int64_t current) const {
  return slot.index <= current && slot.index > current - slots_.slots;
}

std::uint32_t RateCounter::used(RateTime now) const {
  const std::int64_t current = slots_.of(now);
  std::uint64_t sum = 0;
  for (const Slot& slot : filled_) {
    if (counts(slot, current)) sum += slot.units;
  }
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(sum, std::numeric_limits<std::uint32_t>::max()));
}

RateTime RateCounter::free_at(const RateCharge& charge, std::uint32_t kept_free,
                              RateTime now) const {
  const std::uint32_t share = share_of(charge.limit.amount, charge.share);
  const std::uint32_t usable = std::max<std::uint32_t>(1, share - std::min(share, kept_free));
  const std::uint32_t units = std::min(charge.units, usable);
  RateTime free = now;
  std::uint64_t used_then = used(now);
  const std::int64_t current = slots_.of(now);
  for (const Slot& slot : filled_) {
    if (used_then + units <= usable) break;
    if (!counts(slot, current)) continue;
    used_then -= slot.units;
    free = (slot.index + slots_.slots) * slots_.length;
  }
  if (charge.limit.burst == 0) return free;
  const std::int64_t pace = pace_of(charge.limit);
  const std::uint32_t burst = share_of(charge.limit.burst, charge.share);
  // Early by so much a unit may be; GCRA's tolerance and the unit itself.
  const std::int64_t earlier = (std::int64_t{burst} - std::min(charge.units, burst)) * pace;
  return std::max(free, ceil_div(pace_ - earlier, micros));
}

void RateCounter::take(const RateCharge& charge, RateTime now) {
  add(slots_.of(now), charge.units);
  if (charge.limit.burst == 0) return;
  pace_ = std::max(pace_, now * micros) + charge.units * pace_of(charge.limit);
}

void RateCounter::add(std::int64_t index, std::uint32_t units) {
  forget_old(index);
  auto place = std::ranges::lower_bound(filled_, index, {}, &Slot::index);
  if (place == filled_.end() || place->index != index) {
    place = filled_.insert(place, {.index = index, .units = 0});
  }
  place->units += std::min(units, std::numeric_limits<std::uint32_t>::max() - place->units);
}

void RateCounter::give_back(std::int64_t index, std::uint32_t units) {
  const auto place = std::ranges::lower_bound(filled_, index, {}, &Slot::index);
  if (place == filled_.end() || place->index != index) return;
  place->units -= std::min(units, place->units);
  if (place->units == 0) filled_.erase(place);
}

bool RateCounter::is_idle(RateTime now) const {
  const std::int64_t current = slots_.of(now);
  return pace_ <= now * micros && std::ranges::all_of(filled_, [&](const Slot& slot) {
           return slot.index <= current - slots_.slots - slots_kept();
         });
}

std::int64_t RateCounter::slots_kept() const { return slots_.slots == 1 ? days_kept : 0; }

void RateCounter::forget_old(std::int64_t current) {
  if (slots_kept() == 0) {
    std::erase_if(filled_, [&](const Slot& slot) { return slot.index <= current - slots_.slots; });
    return;
  }
  while (filled_.size() > static_cast<std::size_t>(days_kept)) {
    const bool is_first_farther = current - filled_.front().index >= filled_.back().index - current;
    filled_.erase(is_first_farther ? filled_.begin() : filled_.end() - 1);
  }
}

}  // namespace icm
