// SPDX-License-Identifier: Apache-2.0
//
// scenario_run: runs one scenario and says how it differs from what was expected.
//
//   scenario_run in-process FILE         a Session, the Engine and a store, at a fixed time
//   scenario_run faults FILE             the same again and again, with the 1st, 2nd, … lookup or
//                                        change failing: no decision may be lost, no error accepted
//   scenario_run unix|inet|inet6 FILE DAEMON   the real daemon behind such a socket
//
// Exit status: 0 as expected, 1 not, 2 usage or a scenario that cannot be run.
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "policy/base/clock.h"
#include "test/support/scenario.h"
#include "test/support/scenario_check.h"
#include "test/support/scenario_faults.h"
#include "test/support/scenario_in_process.h"
#include "test/support/scenario_wire.h"

namespace icm {
namespace {

using Differences = std::vector<std::string>;

// Any time will do; this one has a leap-free, unremarkable future and past.
Result<WallTime> scenario_time() { return parse_time("2026-11-21T08:15:30Z"); }

Result<Differences> in_process(const std::string& file) {
  ICM_TRY(const WallTime now, scenario_time());
  ICM_TRY(const Scenario scenario, read_scenario(file, now));
  ICM_TRY(const ScenarioRun run, run_in_process(scenario, now));
  return check(scenario, run.transcript);
}

Result<Differences> with_faults(const std::string& file) {
  ICM_TRY(const WallTime now, scenario_time());
  ICM_TRY(const Scenario scenario, read_scenario(file, now));
  return run_with_faults(scenario, now);
}

Result<Differences> over_wire(const std::string& file, const std::string& program,
                              ScenarioSocket socket) {
  const WallTime now = std::chrono::floor<std::chrono::seconds>(SystemClock().now());
  ICM_TRY(const Scenario scenario, read_scenario(file, now));
  ICM_TRY(const ScenarioTranscript transcript, run_over_wire(scenario, program, socket, now));
  return check(scenario, transcript);
}

std::optional<Result<Differences>> run(const std::vector<std::string>& arguments) {
  const std::string_view how = arguments.empty() ? std::string_view() : arguments[0];
  if (arguments.size() == 2 && how == "in-process") return in_process(arguments[1]);
  if (arguments.size() == 2 && how == "faults") return with_faults(arguments[1]);
  if (arguments.size() != 3) return std::nullopt;
  if (how == "unix") return over_wire(arguments[1], arguments[2], ScenarioSocket::unix_path);
  if (how == "inet") return over_wire(arguments[1], arguments[2], ScenarioSocket::inet);
  if (how == "inet6") return over_wire(arguments[1], arguments[2], ScenarioSocket::inet6);
  return std::nullopt;
}

int report(const std::optional<Result<Differences>>& outcome) {
  if (!outcome) {
    fmt::print(stderr,
               "usage: scenario_run in-process|faults FILE, or unix|inet|inet6 FILE DAEMON\n");
    return 2;
  }
  if (!*outcome) {
    fmt::print(stderr, "{}\n", outcome->error().text);
    return 2;
  }
  for (const std::string& difference : **outcome) fmt::print(stderr, "{}\n", difference);
  return (*outcome)->empty() ? 0 : 1;
}

}  // namespace
}  // namespace icm

int main(int argc, char** argv) {
  try {
    return icm::report(icm::run({argv + 1, argv + argc}));
  } catch (
      const std::exception& e) {  // a wrong regular expression or JSON pointer in an expectation
    fmt::print(stderr, "scenario_run: {}\n", e.what());
    return 2;
  }
}
