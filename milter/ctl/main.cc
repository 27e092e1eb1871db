// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl: the administrator's hand. Reads the command line, runs one command.

#include <csignal>
#include <cstdio>
#include <exception>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/command_line.h"

namespace icm::ctl {
namespace {

int run(int argc, char** argv) {
  CLI::App app;
  Chosen chosen;
  declare(app, chosen);
  return run_command_line(app, chosen, argc, argv);
}

}  // namespace
}  // namespace icm::ctl

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);  // `icloud-milterctl log | head` ends quietly
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of the write
  try {
    return icm::ctl::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "icloud-milterctl: internal error: {}\n", error.what());
    return 1;
  }
}
