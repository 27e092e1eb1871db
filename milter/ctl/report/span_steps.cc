// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/span_steps.h"

namespace icm::ctl::report {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds usual_steps[] = {minutes{1}, minutes{5}, minutes{15},   minutes{30},
                                   hours{1},   hours{3},   hours{6},      hours{12},
                                   hours{24},  hours{48},  hours{24 * 7}, hours{24 * 28}};

}  // namespace

Span span_before(Span span) { return {.since = span.since - span.length(), .until = span.since}; }

seconds step_of(std::chrono::milliseconds length) {
  for (const seconds step : usual_steps) {
    if (length <= step * most_steps) return step;
  }
  const auto days = std::chrono::ceil<std::chrono::days>(length);
  return std::chrono::days{(days.count() + most_steps - 1) / most_steps};
}

std::vector<Step> steps_of(Span span, seconds step) {
  std::vector<Step> steps;
  for (WallTime begin = span.since; begin < span.until; begin += step) {
    steps.push_back({.begin = begin, .now = {}, .before = {}});
  }
  return steps;
}

std::optional<std::size_t> step_at(Span span, seconds step, WallTime time) {
  if (!span.has(time)) return std::nullopt;
  return static_cast<std::size_t>((time - span.since) / step);
}

}  // namespace icm::ctl::report
