// SPDX-License-Identifier: Apache-2.0
#include "milter/metric_page.h"

#include <chrono>

#include <gtest/gtest.h>

namespace icm {
namespace {

using namespace std::chrono_literals;

TEST(MetricPage, is_what_prometheus_reads) {
  MetricPage page;
  page.counter("a_total", "Things seen.").add(std::uint64_t{3}, {{"kind", "x\"y\\z\n"}});
  page.gauge("b", "Now.").add(1.5).gauge("empty", "Nobody is told of it.");
  EXPECT_EQ(page.text(),
            "# HELP a_total Things seen.\n# TYPE a_total counter\n"
            "a_total{kind=\"x\\\"y\\\\z\\n\"} 3\n"
            "# HELP b Now.\n# TYPE b gauge\nb 1.5\n");
}

TEST(MetricPage, adds_up_the_classes_of_a_latency) {
  Latency latency;
  for (const std::chrono::microseconds span : {500us, 1000us, 1001us, 31'000'000us, -5us}) {
    latency.took(span);
  }
  MetricPage page;
  page.histogram("took_seconds", "Time.").add(latency.figures());
  const std::string text = page.text();
  for (const std::string_view line :
       {"took_seconds_bucket{le=\"0.001\"} 3\n", "took_seconds_bucket{le=\"0.0025\"} 4\n",
        "took_seconds_bucket{le=\"30\"} 4\n", "took_seconds_bucket{le=\"+Inf\"} 5\n",
        "took_seconds_count 5\n", "took_seconds_sum 31.002501\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

}  // namespace
}  // namespace icm
