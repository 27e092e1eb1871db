// SPDX-License-Identifier: Apache-2.0
//
// How a span is cut into the steps of a chart.
#pragma once

#include <optional>
#include <vector>

#include "milter/ctl/report/facts.h"

namespace icm::ctl::report {

inline constexpr std::size_t most_steps = 48;

// The span of the same length that ends where `span` begins.
Span span_before(Span span);

// The shortest of the usual steps (5m, 30m, 1h, ... 28d) that cuts `length` into no more than
// most_steps; of a longer length its share in whole days.
std::chrono::seconds step_of(std::chrono::milliseconds length);

// Empty steps from the beginning of `span` on; the last may be a short one.
std::vector<Step> steps_of(Span span, std::chrono::seconds step);

// Which step of `span` has `time`; nullopt when none has.
std::optional<std::size_t> step_at(Span span, std::chrono::seconds step, WallTime time);

}  // namespace icm::ctl::report
