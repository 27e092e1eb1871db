// SPDX-License-Identifier: Apache-2.0
#include "milter/daemon_arguments.h"

#include "policy/config/config.h"

namespace icm {

void declare(CLI::App& app, DaemonArguments& arguments) {
  app.name("icloud-milter");
  app.description(
      "Holds mail for iCloud to Apple's rules, as a milter beside Postfix or Sendmail. Stays in "
      "the "
      "foreground; icloud-milterctl is the administrator's hand.");
  arguments.config = default_config_path;
  app.add_option("--config,-c", arguments.config, "The configuration file")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option(
         "--check-config", arguments.checked,
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
}

}  // namespace icm
