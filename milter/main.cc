// SPDX-License-Identifier: Apache-2.0
//
// icloud-milter: the daemon. Reads the command line.

#include <cstdlib>
#include <exception>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/daemon.h"
#include "policy/config/config.h"

namespace icm {
namespace {

int run(int argc, char** argv) {
  CLI::App app{
      "Holds mail for iCloud to Apple's rules, as a milter beside Postfix or Sendmail. Stays in "
      "the "
      "foreground; icloud-milterctl is the administrator's hand.",
      "icloud-milter"};
  std::string config_path{default_config_path};
  std::string checked_path;
  app.add_option("--config,-c", config_path, "The configuration file")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option(
         "--check-config", checked_path,
         "Only say what is wrong with a configuration file, as a start would: the file, the "
         "store it names; no socket is opened")
      ->type_name("FILE");
  app.add_flag("--foreground")
      ->description("Accepted for the sake of service managers; it is always so");
  app.set_version_flag("--version", "icloud-milter " ICM_VERSION);
  app.footer(
      "Signals: HUP reads the configuration again and reopens the logs; TERM and INT end after "
      "the\n"
      "messages under way (limits.drain), a second one at once.\n"
      "Exit status: 0 ended as asked, or the configuration is good; 1 could not start or go on, "
      "or\n"
      "the configuration is wrong; 2 the command line is wrong.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitStatus::usage);
  }
  const auto from_environment = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  DaemonOptions options{.config_path = config_path,
                        .journal_stream = from_environment("JOURNAL_STREAM"),
                        .credentials_directory = from_environment("CREDENTIALS_DIRECTORY")};
  if (checked_path.empty()) return static_cast<int>(run_daemon(options));
  options.config_path = checked_path;
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
