// SPDX-License-Identifier: Apache-2.0
//
// LearnerFigures: what a Learner has learnt and done, for those who watch it.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "policy/config/replies_config.h"
#include "policy/learning/alerts.h"
#include "policy/replies/reply_words.h"

namespace icm {

// How near the breaker is to opening for an entry: it does when so many different addresses have
// had that answer within replies.breaker.window.
struct BreakerApproach {
  std::int64_t addresses = 0;
  std::int64_t threshold = 0;
  bool operator==(const BreakerApproach&) const = default;
};

// Counts begin with 0 when the Learner is made, but for what the book keeps.
struct LearnerFigures {
  using Count = std::uint64_t;

  // Carried out, or only said, as the configuration wants it.
  struct Deeds {
    Count enforced = 0;
    Count observed = 0;
    bool operator==(const Deeds&) const = default;
  };

  std::map<std::pair<ReplyClass, int>, Count> answers;  // by ReceivedReply::severity(), each once
  std::map<ReplyEffect, Deeds> begun;
  Deeds ended;  // of what held mail back
  std::map<AlertKind, Count> alerts;
  Count alerts_lost = 0;       // neither mail nor the command took them
  Count breaker_openings = 0;  // by an answer that was learnt here
  Count bounces = 0;           // of the book: taken in since it was begun

  // As it is now, also right after a start.
  bool is_breaker_open = false;
  BreakerApproach nearest;          // of the entry that is nearest to opening it
  std::int64_t addresses_owed = 0;  // wait until no outage can have been the reason
};

}  // namespace icm
