// SPDX-License-Identifier: Apache-2.0
#include "milter/side_doors.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

bool is_shut(const DoorState& state) { return !state.problem.empty(); }

}  // namespace

Status SideDoors::check(const Config& config) {
  ICM_CHECK(ControlServer::check(config.control));
  ICM_CHECK(SocketmapServer::check(config.routing.socketmap));
  return MetricsServer::check(config.metrics, "metrics");
}

template <class Server>
Status SideDoors::keep(std::unique_ptr<Server>& place, Result<std::unique_ptr<Server>> server) {
  if (!server) return tl::unexpected(server.error());
  const std::scoped_lock lock(mutex_);
  place = *std::move(server);
  return {};
}

void SideDoors::open(const Config& config, const Desks& desks) {
  Log& log = desks.log;
  if (!config.control.socket.empty()) {
    add({.state = {.name = "control", .problem = {}},
         .so = "mail is served, but icloud-milterctl cannot reach this daemon",
         .level = LogLevel::warning,
         .open = [this, settings = config.control, &desk = desks.control,
                  &log] { return keep(control_, ControlServer::open(settings, desk, log)); }},
        log);
  }
  const SocketmapConfig& map = config.routing.socketmap;
  if (!map.address.empty()) {
    add({.state = {.name = "routing.socketmap", .problem = {}},
         .so = "mail is judged, but what Postfix has to look up there waits in its queue",
         .level = LogLevel::error,
         .open =
             [this, map, &desk = desks.routes, &log] {
               return keep(routes_,
                           SocketmapServer::open(map, desk, log, SocketmapServer::limits_of(map)));
             }},
        log);
  }
  if (!config.metrics.address.empty()) {
    add({.state = {.name = "metrics", .problem = {}},
         .so = "mail is served, but nobody can read its figures",
         .level = LogLevel::warning,
         .open =
             [this, settings = config.metrics, text = desks.metrics] {
               return keep(metrics_, MetricsServer::open(settings, "metrics", text));
             }},
        log);
  }
  if (std::ranges::any_of(states(), is_shut)) {
    opener_ = std::jthread([this, &log](const std::stop_token& stop) { try_again(stop, log); });
  }
}

void SideDoors::add(Door door, Log& log) {
  if (const Status status = door.open(); !status) {
    door.state.problem = fmt::format("{}; {}", status.error().text, door.so);
    log.say(door.level, door.state.problem);
  }
  const std::scoped_lock lock(mutex_);
  doors_.push_back(std::move(door));
}

void SideDoors::try_again(const std::stop_token& stop, Log& log) {
  std::unique_lock lock(mutex_);
  while (std::ranges::any_of(doors_, is_shut, &Door::state)) {
    if (ends_.wait_for(lock, stop, between_tries_of_door, [&] { return stop.stop_requested(); }))
      return;
    for (Door& door : doors_) {
      if (!is_shut(door.state)) continue;
      lock.unlock();  // nobody else changes a door
      std::string problem;
      try {
        if (const Status status = door.open(); !status) {
          problem = fmt::format("{}; {}", status.error().text, door.so);
        }
      } catch (const std::exception& error) {
        problem = fmt::format("{}: {}; {}", door.state.name, for_log(error.what()), door.so);
      }
      if (problem.empty()) log.say(LogLevel::info, fmt::format("{}: open now", door.state.name));
      lock.lock();
      door.state.problem = std::move(problem);
    }
  }
}

void SideDoors::close() {
  opener_ = {};
  std::unique_lock lock(mutex_);
  const auto control = std::move(control_);
  const auto metrics = std::move(metrics_);
  const auto routes = std::move(routes_);
  lock.unlock();  // who is being answered may ask for it
}

std::vector<DoorState> SideDoors::states() const {
  const std::scoped_lock lock(mutex_);
  std::vector<DoorState> states;
  for (const Door& door : doors_) states.push_back(door.state);
  return states;
}

std::size_t SideDoors::route_connections() const {
  const std::scoped_lock lock(mutex_);
  return routes_ == nullptr ? 0 : routes_->connections();
}

}  // namespace icm
