// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_breaker.h"

#include <algorithm>

namespace icm {

bool RedisBreaker::admits(Time now) {
  if (state_ == State::closed) return true;
  if (now < until_) return false;
  state_ = State::probing;
  until_ = now + longest_rest;
  return true;
}

void RedisBreaker::succeeded() { *this = RedisBreaker(); }

void RedisBreaker::undecided(Time now) {
  if (state_ != State::probing) return;
  state_ = State::open;
  until_ = now;  // the next question is the probe
}

void RedisBreaker::failed(Time now, std::string_view why) {
  last_failure_ = why;
  if (state_ == State::open) return;  // one that was asked before
  ++failures_;
  if (state_ == State::closed && failures_ < failures_that_open) return;
  if (state_ == State::probing) rest_ = std::min(2 * rest_, longest_rest);
  state_ = State::open;
  until_ = now + rest_;
}

}  // namespace icm
