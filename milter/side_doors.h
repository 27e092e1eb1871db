// SPDX-License-Identifier: Apache-2.0
//
// SideDoors: where the daemon is asked by others than the milter protocol: the control socket,
// Postfix's socketmap, and Prometheus.
#pragma once

#include <cstddef>
#include <memory>

#include "milter/control_server.h"
#include "milter/log.h"
#include "milter/metrics_server.h"
#include "milter/route_desk.h"
#include "milter/socketmap_server.h"
#include "policy/base/result.h"
#include "policy/config/config.h"

namespace icm {

// Of the main thread.
class SideDoors {
 public:
  // Whether they could be opened as far as names go. Touches nothing.
  [[nodiscard]] static Status check(const Config& config);

  // Who answers behind them. References outlive this.
  struct Desks {
    ControlDesk& control;
    RouteDesk& routes;
    MetricsServer::Text metrics;
    Log& log;
  };

  // A door that cannot be opened is said and stays shut:
  // mail matters more than being asked.
  void open(const Config& config, const Desks& desks);

  // Waits for the answers under way.
  void close();

  std::size_t route_connections() const { return routes_ == nullptr ? 0 : routes_->connections(); }

 private:
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<SocketmapServer> routes_;
  std::unique_ptr<MetricsServer> metrics_;
};

}  // namespace icm
