// SPDX-License-Identifier: Apache-2.0
#include "milter/service_manager.h"

#include <cstdint>
#include <string>

#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <time.h>

namespace icm {
namespace {

void notify(const std::string& words) { (void)::sd_notify(0, words.c_str()); }

std::uint64_t monotonic_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

}  // namespace

ServiceManager::ServiceManager() {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) return;
  alive_every_ = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::microseconds(microseconds / 2));
}

void ServiceManager::ready(std::string_view status) const {
  notify(fmt::format("READY=1\nSTATUS={}", status));
}

void ServiceManager::reloading() const {
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_microseconds()));
}

void ServiceManager::stopping() const { notify("STOPPING=1"); }

void ServiceManager::alive() const { notify("WATCHDOG=1"); }

}  // namespace icm
