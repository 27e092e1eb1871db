// SPDX-License-Identifier: Apache-2.0
//
// MetricPage: figures in the text that Prometheus reads (exposition format 0.0.4).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/base/latency.h"

namespace icm {

// Written once, from the top. A metric is begun, and then has as many values as it has label sets.
class MetricPage {
 public:
  static constexpr std::string_view type = "text/plain; version=0.0.4; charset=utf-8";

  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  MetricPage();
  ~MetricPage();

  MetricPage& counter(std::string_view name, std::string_view help);
  MetricPage& gauge(std::string_view name, std::string_view help);
  MetricPage& histogram(std::string_view name, std::string_view help);

  // Of the metric that was begun last.
  MetricPage& add(double value, Labels labels = {});
  MetricPage& add(std::uint64_t value, Labels labels = {});
  MetricPage& add(const LatencyFigures& figures);

  std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace icm
