// SPDX-License-Identifier: Apache-2.0
//
// SideDoors: where the daemon is asked by others than the milter protocol: the control socket,
// Postfix's socketmap, and Prometheus.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "milter/control_server.h"
#include "milter/door_state.h"
#include "milter/log.h"
#include "milter/metrics_server.h"
#include "milter/route_desk.h"
#include "milter/socketmap_server.h"
#include "policy/base/result.h"
#include "policy/config/config.h"

namespace icm {

// A door that cannot be opened is said, stays shut, and is tried again until it can: mail matters
// more than being asked, and whoever is in the way (a group that is not there yet, another daemon's
// port) is seldom there for ever. A daemon that refused to start would hold up what the other doors
// and the gate serve.
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

  // Once, from the main thread; all threads begun meanwhile and later get the signals it gets.
  void open(const Config& config, const Desks& desks);

  // Waits for the answers under way.
  void close();

  // Those of the configuration. From any thread.
  std::vector<DoorState> states() const;
  std::size_t route_connections() const;

 private:
  struct Door {
    DoorState state;
    std::string_view so;  // what it means that it is shut
    LogLevel level = LogLevel::warning;
    std::function<Status()> open;
  };
  void add(Door door, Log& log);
  void try_again(const std::stop_token& stop, Log& log);
  // Keeps what was opened; safe beside those who ask.
  template <class Server>
  Status keep(std::unique_ptr<Server>& place, Result<std::unique_ptr<Server>> server);

  mutable std::mutex mutex_;  // of all that follows, but for opening
  std::vector<Door> doors_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<SocketmapServer> routes_;
  std::unique_ptr<MetricsServer> metrics_;
  std::condition_variable_any ends_;
  std::jthread opener_;  // while one is shut
};

}  // namespace icm
