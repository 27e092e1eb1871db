// SPDX-License-Identifier: Apache-2.0
//
// Metrics: all that Prometheus is told of the daemon; milter/metrics.md says what each is. Every
// label's values are of the code or of milter.conf, never of mail, so that their number is bounded.
#pragma once

#include <cstddef>
#include <string>

#include "milter/daemon_status.h"
#include "milter/process_figures.h"
#include "milter/route_desk.h"
#include "milter/session_meters.h"

namespace icm {

// What is read at a scrape.
struct DaemonFigures {
  DaemonStatus status;
  const SessionMeters* meters = nullptr;  // never null
  RouteDesk::Figures routes{};
  std::size_t route_connections = 0;
  ProcessFigures process;
};

// May ask the store how the limits stand, for half a second at most.
std::string metrics_text(const DaemonFigures& figures);

}  // namespace icm
