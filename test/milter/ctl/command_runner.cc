// SPDX-License-Identifier: Apache-2.0
#include "test/milter/ctl/command_runner.h"

#include <cstdio>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include "milter/ctl/command_line.h"

namespace icm::ctl {

Outcome run_command(void (*add)(CLI::App&, Chosen&), std::vector<std::string> arguments) {
  CLI::App app{"", "icloud-milterctl"};
  wrap_help(app);
  app.require_subcommand(1);
  Chosen chosen;
  add(app, chosen);
  std::vector<const char*> argv = {"icloud-milterctl"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.exit = run_command_line(app, chosen, static_cast<int>(argv.size()), argv.data());
  std::fflush(stdout);
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

}  // namespace icm::ctl
