// SPDX-License-Identifier: Apache-2.0
//
// ServiceManager: what whoever started this process wants to hear of it (sd_notify(3)). Where
// nobody asked, and with any other service manager, saying it does nothing.
#pragma once

#include <chrono>
#include <string_view>

namespace icm {

// Safe from any thread. Never fails: a service manager that does not listen is no reason to stop.
class ServiceManager {
 public:
  // Reads the environment: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID.
  ServiceManager();

  // Mail can come. `status` is a line for people.
  void ready(std::string_view status) const;

  // A new configuration is being read; ready() ends it.
  void reloading() const;

  void stopping() const;

  // Still alive. To be said at least each alive_every(), or the service is killed and started anew.
  void alive() const;

  // Half of what the service manager waits; a negative span when it does not watch.
  std::chrono::milliseconds alive_every() const { return alive_every_; }

 private:
  std::chrono::milliseconds alive_every_{-1};
};

}  // namespace icm
