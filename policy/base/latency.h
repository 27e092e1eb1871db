// SPDX-License-Identifier: Apache-2.0
//
// Latency: how long something took, counted in classes that never change.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace icm {

// The upper ends of the classes, in microseconds; a last class has what took longer.
inline constexpr std::array<std::uint64_t, 14> latency_bounds = {
    1'000,   2'500,   5'000,     10'000,    25'000,    50'000,     100'000,
    250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 30'000'000};

// The place of a span among them, its own end included.
constexpr std::size_t latency_class(std::uint64_t microseconds) {
  return static_cast<std::size_t>(std::ranges::lower_bound(latency_bounds, microseconds) -
                                  latency_bounds.begin());
}

// Nothing where a clock went back.
constexpr std::uint64_t whole_microseconds(std::chrono::microseconds span) {
  return span.count() < 0 ? 0 : static_cast<std::uint64_t>(span.count());
}

// As read at a moment when others may have been counting.
struct LatencyFigures {
  std::array<std::uint64_t, latency_bounds.size() + 1> classes{};
  std::uint64_t microseconds = 0;  // of all together

  void took(std::chrono::microseconds span) {
    ++classes[latency_class(whole_microseconds(span))];
    microseconds += whole_microseconds(span);
  }
};

// Safe from any thread; waits for nobody.
class Latency {
 public:
  void took(std::chrono::microseconds span) {
    const std::uint64_t microseconds = whole_microseconds(span);
    classes_[latency_class(microseconds)].fetch_add(1, std::memory_order_relaxed);
    microseconds_.fetch_add(microseconds, std::memory_order_relaxed);
  }

  LatencyFigures figures() const {
    LatencyFigures figures;
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      figures.classes[i] = classes_[i].load(std::memory_order_relaxed);
    }
    figures.microseconds = microseconds_.load(std::memory_order_relaxed);
    return figures;
  }

 private:
  std::array<std::atomic<std::uint64_t>, latency_bounds.size() + 1> classes_{};
  std::atomic<std::uint64_t> microseconds_ = 0;
};

}  // namespace icm
