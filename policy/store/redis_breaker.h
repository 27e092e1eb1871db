// SPDX-License-Identifier: Apache-2.0
//
// RedisBreaker: leaves a server alone for a while that failed again and again, so that messages do
// not wait for it one after the other.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "policy/base/deadline.h"

namespace icm {

// Not synchronised.
class RedisBreaker {
 public:
  using Time = Deadline::Time::time_point;

  static constexpr int failures_that_open = 3;  // in a row
  static constexpr std::chrono::milliseconds first_rest{500};
  static constexpr std::chrono::milliseconds longest_rest{8000};

  enum class State {
    closed,   // it is asked
    open,     // it is left alone
    probing,  // it has rested; one question is on its way and decides
  };

  // Whether to ask. True makes this question the probe when the rest is over; one that never comes
  // back with an outcome is replaced after longest_rest.
  bool admits(Time now);

  void succeeded();
  // The question came to no end that says anything of the server.
  void undecided(Time now);
  void failed(Time now, std::string_view why);

  State state() const { return state_; }
  const std::string& last_failure() const { return last_failure_; }  // empty when it answers

 private:
  State state_ = State::closed;
  int failures_ = 0;
  std::chrono::milliseconds rest_ = first_rest;
  Time until_{};
  std::string last_failure_;
};

}  // namespace icm
