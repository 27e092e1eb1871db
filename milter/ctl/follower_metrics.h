// SPDX-License-Identifier: Apache-2.0
//
// FollowerMetrics: all that Prometheus is told of the reply follower; milter/metrics.md says what
// each is. Labels have values of the code alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "milter/process_figures.h"
#include "policy/base/clock.h"
#include "policy/delivery/delivery_event.h"
#include "policy/delivery/delivery_log.h"
#include "policy/learning/learner_figures.h"
#include "policy/verdict.h"

namespace icm::ctl {

// As they were when the follower last had read on.
struct FollowerFigures {
  using Moment = std::chrono::steady_clock::time_point;

  LearnerFigures learnt;
  std::map<DeliveryStatus, std::uint64_t> deliveries;  // to Apple, read again ones included
  LogFigures lines;
  std::optional<std::uint64_t> left;                 // octets still to be read, where that is known
  Moment at_end = std::chrono::steady_clock::now();  // when the log had no more, or the start
  Mode mode = Mode::observe;
  WallTime loaded{};  // the configuration
};

// At `now`.
std::string follower_metrics_text(const FollowerFigures& figures, FollowerFigures::Moment now,
                                  const ProcessFigures& process);

}  // namespace icm::ctl
