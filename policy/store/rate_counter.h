// SPDX-License-Identifier: Apache-2.0
//
// RateCounter: the arithmetic of one counter of a RateLimiter (policy/store/rate_limiter.h has the
// promise). Knows no clock, no lock and no file.
#pragma once

#include <cstdint>
#include <vector>

#include "policy/store/rate_limiter.h"

namespace icm {

// Milliseconds since 1970 on whatever clock the owner counts by.
using RateTime = std::int64_t;

// How a window is cut: a unit taken in slot n counts until slot n + slots begins.
struct RateSlots {
  std::int64_t length = 1;  // milliseconds
  std::int64_t slots = 1;
  std::int64_t of(RateTime time) const;
  bool operator==(const RateSlots&) const = default;
};

// Sliding: sixty slots and the one that has begun, so that a unit counts for the window at least.
RateSlots slots_of(std::chrono::milliseconds window, Reckoning reckoning);

// What of `amount` (or burst) a share of it is; never nothing.
std::uint32_t share_of(std::uint32_t amount, int share);

class RateCounter {
 public:
  struct Slot {
    std::int64_t index = 0;
    std::uint32_t units = 0;
  };

  explicit RateCounter(RateSlots slots) : slots_(slots) {}

  std::uint32_t used(RateTime now) const;

  // When this charge can be had, when nothing else is taken; `now` when it can at once. `kept_free`
  // are units of its share that it must leave.
  RateTime free_at(const RateCharge& charge, std::uint32_t kept_free, RateTime now) const;

  // Counts the units, free or not.
  void take(const RateCharge& charge, RateTime now);
  void give_back(std::int64_t slot, std::uint32_t units);

  // The virtual clock in microseconds: by then all that was taken has gone by in the pace.
  std::int64_t pace() const { return pace_; }
  void set_pace(std::int64_t pace) { pace_ = pace; }
  void add(std::int64_t slot, std::uint32_t units);

  // Nothing of it counts any more.
  bool is_idle(RateTime now) const;

  const RateSlots& shape() const { return slots_; }
  const std::vector<Slot>& slots() const { return filled_; }

 private:
  bool counts(const Slot& slot, std::int64_t current) const;
  void forget_old(std::int64_t current);
  std::int64_t slots_kept() const;  // beyond those that count

  RateSlots slots_;
  std::vector<Slot> filled_;  // by index; as many as slots_.slots and a few
  std::int64_t pace_ = 0;
};

}  // namespace icm
