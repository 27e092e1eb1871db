// SPDX-License-Identifier: Apache-2.0
#include "milter/side_doors.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace icm {
namespace {

// The door, or nothing where that was complained about.
template <class Door>
std::unique_ptr<Door> or_said(Result<std::unique_ptr<Door>> door, Log& log, LogLevel level,
                              std::string_view so) {
  if (door) return *std::move(door);
  log.say(level, fmt::format("{}; {}", door.error().text, so));
  return nullptr;
}

}  // namespace

Status SideDoors::check(const Config& config) {
  ICM_CHECK(ControlServer::check(config.control));
  ICM_CHECK(SocketmapServer::check(config.routing.socketmap));
  return MetricsServer::check(config.metrics);
}

void SideDoors::open(const Config& config, const Desks& desks) {
  Log& log = desks.log;
  if (!config.control.socket.empty()) {
    control_ =
        or_said(ControlServer::open(config.control, desks.control, log), log, LogLevel::warning,
                "mail is served, but icloud-milterctl cannot reach this daemon");
  }
  const SocketmapConfig& map = config.routing.socketmap;
  if (!map.address.empty()) {
    routes_ =
        or_said(SocketmapServer::open(map, desks.routes, log, SocketmapServer::limits_of(map)), log,
                LogLevel::error,
                "mail is judged, but what Postfix has to look up there waits in its queue");
  }
  if (!config.metrics.address.empty()) {
    metrics_ = or_said(MetricsServer::open(config.metrics, desks.metrics), log, LogLevel::warning,
                       "mail is served, but nobody can read its figures");
  }
}

void SideDoors::close() {
  control_.reset();
  metrics_.reset();
  routes_.reset();
}

}  // namespace icm
