// SPDX-License-Identifier: Apache-2.0
//
// ProcessMetrics: what the kernel says of a process, as client libraries of Prometheus call it.
#pragma once

#include "milter/metric_page.h"
#include "milter/process_figures.h"

namespace icm {

void add_process_metrics(MetricPage& page, const ProcessFigures& figures);

}  // namespace icm
