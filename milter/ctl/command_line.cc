// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/command_line.h"

namespace icm::ctl {

int run_command_line(CLI::App& app, const Chosen& chosen, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 speaks by exceptions and prints what they carry; its exit codes are its own.
    return app.exit(error) == 0 ? static_cast<int>(Exit::done) : static_cast<int>(Exit::usage);
  }
  return static_cast<int>(chosen ? chosen() : Exit::usage);
}

}  // namespace icm::ctl
