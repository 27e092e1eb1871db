// SPDX-License-Identifier: Apache-2.0
//
// icloud-milter: the daemon. Reads the command line.

#include <cstdlib>
#include <exception>

#include <fmt/format.h>

#include "milter/daemon.h"
#include "milter/daemon_arguments.h"

namespace icm {
namespace {

int run(int argc, char** argv) {
  CLI::App app;
  DaemonArguments arguments;
  declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitStatus::usage);
  }
  const auto from_environment = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  DaemonOptions options{.config_path = arguments.config,
                        .journal_stream = from_environment("JOURNAL_STREAM"),
                        .credentials_directory = from_environment("CREDENTIALS_DIRECTORY")};
  if (arguments.checked.empty()) return static_cast<int>(run_daemon(options));
  options.config_path = arguments.checked;
  return static_cast<int>(check_configuration(options));
}

}  // namespace
}  // namespace icm

int main(int argc, char** argv) {
  try {
    return icm::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "icloud-milter: panic: {}\n", error.what());
    return static_cast<int>(icm::ExitStatus::failed);
  }
}
