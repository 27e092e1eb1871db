// SPDX-License-Identifier: Apache-2.0
//
// The world a scenario runs in: its milter.conf and its store, in a directory of their own, and its
// DNS.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/result.h"
#include "test/support/nsd_process.h"
#include "test/support/scenario.h"

namespace icm {

// Files of one run, all below one directory.
struct ScenarioFiles {
  explicit ScenarioFiles(const std::filesystem::path& directory);
  std::string config;
  std::string store;
  std::string decisions;
};

// milter.conf: authserv_id mx.shop.example, decisions and store in `files`, lines for people on
// standard error, every other option at its default; then the settings of the scenario, which win.
std::string config_of(const Scenario& scenario, const ScenarioFiles& files,
                      const std::string& socket_address);

// The records of the scenario as a ZONE.json, and as zones of a name server: all of it below
// example, com and arpa.
std::string zone_json(const Scenario& scenario);
Zones zones_of(const Scenario& scenario);

// Makes the store and writes the entries of the scenario into it.
[[nodiscard]] Status fill_store(const Scenario& scenario, const ScenarioFiles& files, WallTime now);

// Makes every lookup fail from now on, as a damaged store would, whoever has it open.
[[nodiscard]] Status break_store(const ScenarioFiles& files);

}  // namespace icm
