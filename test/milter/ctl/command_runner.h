// SPDX-License-Identifier: Apache-2.0
//
// Runs one command of icloud-milterctl as its main() does, and keeps what it printed.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "milter/ctl/command_line.h"

namespace icm::ctl {

struct Outcome {
  int exit = 0;
  std::string out;
  std::string err;
  bool operator==(const Outcome&) const = default;
};

// For the words of a failed test.
inline void PrintTo(const Outcome& outcome, std::ostream* words) {
  *words << "exit " << outcome.exit << "\n" << outcome.out << "--- standard error\n" << outcome.err;
}

// `add` puts the command on the command line, such as add_log; `arguments` begin with its word.
inline Outcome run_command(void (*add)(CLI::App&, Chosen&), std::vector<std::string> arguments) {
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
