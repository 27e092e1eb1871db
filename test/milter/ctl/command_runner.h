// SPDX-License-Identifier: Apache-2.0
//
// Runs one command of icloud-milterctl as its main() does, and keeps what it printed.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "milter/ctl/command.h"

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
Outcome run_command(void (*add)(CLI::App&, Chosen&), std::vector<std::string> arguments);

}  // namespace icm::ctl
