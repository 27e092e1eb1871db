// SPDX-License-Identifier: Apache-2.0
//
// Deadline: how much time is left. Whatever may wait takes one and returns by then.
#pragma once

#include <algorithm>
#include <chrono>

namespace icm {

class Deadline {
 public:
  using Time = std::chrono::steady_clock;

  explicit Deadline(Time::time_point end) : end_(end) {}
  static Deadline in(Time::duration span) { return Deadline(Time::now() + span); }

  Time::time_point end() const { return end_; }
  Time::duration left() const { return std::max(end_ - Time::now(), Time::duration::zero()); }
  bool passed() const { return Time::now() >= end_; }

  // The earlier of this deadline and `span` from now: a share of the time, never more of it.
  Deadline at_most(Time::duration span) const { return Deadline(std::min(end_, Time::now() + span)); }

 private:
  Time::time_point end_;
};

}  // namespace icm
