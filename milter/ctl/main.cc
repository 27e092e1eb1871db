// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl: the administrator's hand. Reads the command line, runs one command.

#include <csignal>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "milter/ctl/command_line.h"

namespace icm::ctl {
namespace {

void add_commands(CLI::App& app, Chosen& chosen) {
#define ICM_COMMAND(name) add_##name(app, chosen);
#include "milter/ctl/commands.inc"
#undef ICM_COMMAND
}

int run(int argc, char** argv) {
  CLI::App app{
      "Runs and reviews icloud-milter, the milter that holds mail for iCloud to Apple's rules.",
      "icloud-milterctl"};
  wrap_help(app);
  app.set_version_flag("--version", "icloud-milterctl " ICM_VERSION);
  app.require_subcommand(1);
  app.footer("Exit status: 0 done, 1 refused or failed, 2 usage, 3 no daemon.");
  Chosen chosen;
  add_commands(app, chosen);
  return run_command_line(app, chosen, argc, argv);
}

}  // namespace
}  // namespace icm::ctl

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);  // `icloud-milterctl log | head` ends quietly
  try {
    return icm::ctl::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "icloud-milterctl: internal error: {}\n", error.what());
    return 1;
  }
}
