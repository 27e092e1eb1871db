// SPDX-License-Identifier: Apache-2.0
//
// WaitBudget: how long who asks may be kept waiting for the DNS. Postfix's qmgr(8) and
// trivial-rewrite(8) ask for one recipient after the other and do nothing else meanwhile, so names
// whose servers are silent, and which strangers choose, must not use up the time of all mail.
#pragma once

#include <algorithm>
#include <chrono>

namespace icm {

// Not synchronised. Waiting for an answer that comes costs nothing. What is waited in vain is taken
// from a stock, which fills again with a tenth of the time that passes; while it is empty, nobody
// waits longer than most answers take.
class WaitBudget {
 public:
  using Time = std::chrono::steady_clock;
  using Span = std::chrono::milliseconds;

  static constexpr Span longest{1800};  // RFC 8767 §5: the client response timer
  static constexpr Span shortest{200};
  static constexpr Span most{4000};

  explicit WaitBudget(Time::time_point now) : filled_(now) {}

  // For one question.
  Span next(Time::time_point now) {
    left_ = std::min(most, left_ + std::chrono::duration_cast<Span>((now - filled_) / 10));
    filled_ = now;
    return std::clamp(left_, shortest, longest);
  }

  void wait_in_vain(Span span) { left_ = std::max(Span{0}, left_ - span); }

 private:
  Span left_ = most;
  Time::time_point filled_;
};

}  // namespace icm
