// SPDX-License-Identifier: Apache-2.0
#include "milter/process_metrics.h"

namespace icm {

void add_process_metrics(MetricPage& page, const ProcessFigures& figures) {
  page.gauge("process_start_time_seconds", "When the process started.").add(figures.started);
  page.counter("process_cpu_seconds_total", "Processor time used.").add(figures.cpu_seconds);
  page.gauge("process_resident_memory_bytes", "Memory in use.").add(figures.resident);
  page.gauge("process_virtual_memory_bytes", "Addresses in use.").add(figures.virtual_memory);
  page.gauge("process_threads", "Threads.").add(figures.threads);
  page.gauge("process_open_fds", "File descriptors in use.").add(figures.open_files);
  page.gauge("process_max_fds", "File descriptors there may be.").add(figures.most_files);
}

}  // namespace icm
