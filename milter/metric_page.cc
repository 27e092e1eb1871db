// SPDX-License-Identifier: Apache-2.0
#include "milter/metric_page.h"

#include <limits>
#include <sstream>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace icm {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(std::string_view name, std::string_view help, MetricType type) {
  MetricFamily begun;
  begun.name = name;
  begun.help = help;
  begun.type = type;
  return begun;
}

}  // namespace

struct MetricPage::Families {
  std::vector<MetricFamily> all;
};

MetricPage::MetricPage() : families_(std::make_unique<Families>()) {}
MetricPage::~MetricPage() = default;

MetricPage& MetricPage::counter(std::string_view name, std::string_view help) {
  families_->all.push_back(family(name, help, MetricType::Counter));
  return *this;
}

MetricPage& MetricPage::gauge(std::string_view name, std::string_view help) {
  families_->all.push_back(family(name, help, MetricType::Gauge));
  return *this;
}

MetricPage& MetricPage::histogram(std::string_view name, std::string_view help) {
  families_->all.push_back(family(name, help, MetricType::Histogram));
  return *this;
}

MetricPage& MetricPage::add(double value, Labels labels) {
  ClientMetric metric;
  for (auto& [name, text] : labels) {
    metric.label.push_back({.name = std::string(name), .value = std::move(text)});
  }
  metric.counter.value = metric.gauge.value = value;
  families_->all.back().metric.push_back(std::move(metric));
  return *this;
}

MetricPage& MetricPage::add(std::uint64_t value, Labels labels) {
  return add(static_cast<double>(value), std::move(labels));
}

MetricPage& MetricPage::add(const LatencyFigures& figures) {
  constexpr double second = 1e6;
  ClientMetric metric;
  auto& histogram = metric.histogram;
  for (std::size_t i = 0; i < figures.classes.size(); ++i) {
    histogram.sample_count += figures.classes[i];
    const double bound = i < latency_bounds.size() ? static_cast<double>(latency_bounds[i]) / second
                                                   : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({.cumulative_count = histogram.sample_count, .upper_bound = bound});
  }
  histogram.sample_sum = static_cast<double>(figures.microseconds) / second;
  families_->all.back().metric.push_back(std::move(metric));
  return *this;
}

std::string MetricPage::text() const {
  std::vector<MetricFamily> told;  // a metric without values would be a head without a body
  for (const MetricFamily& one : families_->all) {
    if (!one.metric.empty()) told.push_back(one);
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, told);
  return std::move(out).str();
}

}  // namespace icm
