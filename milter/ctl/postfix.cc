// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl postfix: the command line; the work is done in milter/ctl/postfix/.
#include <memory>

#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/postfix/command_options.h"

namespace icm::ctl {
namespace {

using postfix::PostfixOptions;
using Options = std::shared_ptr<PostfixOptions>;

void add_places(CLI::App& command, PostfixOptions& options) {
  command
      .add_option("--config-dir", options.config_directory,
                  "The instance's configuration directory. Default: the only one of this host.")
      ->option_text("DIR");
  command.add_option("--config", options.config, std::string(config_option_help))
      ->option_text("FILE");
}

void add_choices(CLI::App& command, PostfixOptions& options) {
  command.add_flag(
      "--without-arrival", options.without_arrival,
      "Leave smtpd_milters and non_smtpd_milters alone: only mail for Apple depends on "
      "the daemon then.");
  command
      .add_option("--gate-port", options.gate_port, "The gate's port on 127.0.0.1. Default: 10027.")
      ->check(CLI::Range(1, 65535))
      ->option_text("PORT");
  command.add_flag("--json", options.json, "Print one JSON object.");
}

}  // namespace

void add_postfix(CLI::App& app, Chosen& chosen) {
  CLI::App* all = app.add_subcommand(
      "postfix", "Attaches the milter to a Postfix of this host, and takes it off again.");
  all->require_subcommand(1);
  const auto options = std::make_shared<PostfixOptions>();

  CLI::App* plan = all->add_subcommand(
      "plan", "Shows what enable would add to main.cf and master.cf, line by line with reasons.");
  add_places(*plan, *options);
  add_choices(*plan, *options);
  plan->footer(
      "Nothing is changed. Existing milters, transport maps and listeners stay as they are; what\n"
      "is in the way is a conflict.\n"
      "Exit status: 0 shown, or nothing to do; 1 a conflict, or Postfix cannot be asked; 2 usage.");
  plan->callback([options, &chosen] { chosen = [options] { return show_plan(*options); }; });

  CLI::App* enable = all->add_subcommand(
      "enable", "Adds the gate, the transports and the arrival, reloads Postfix, tries the gate.");
  add_places(*enable, *options);
  add_choices(*enable, *options);
  enable->add_flag("--yes", options->yes, "Do not ask. Without a terminal nobody is asked.");
  enable->add_flag("--dry-run", options->dry_run, "The same as plan.");
  enable->add_flag("--no-probe", options->unproved,
                   "Keep the lines although the daemon was not seen to answer at the gate.");
  enable->footer(
      "Both files as they were, and what was added, are kept in DIR/icloud-milter. Postfix is "
      "shown\n"
      "the new files before they are put in place. The gate is tried with a recipient that every\n"
      "gate refuses; no message is sent. Whatever fails, everything is taken back.\n"
      "Exit status: 0 attached, or was so before; 1 not; 2 usage.");
  enable->callback(
      [options, &chosen] { chosen = [options] { return postfix::enable(*options); }; });

  CLI::App* disable = all->add_subcommand(
      "disable", "Takes out what enable has added; main.cf and master.cf are what they were.");
  add_places(*disable, *options);
  disable->add_flag("--all", options->all, "Every instance of this host that enable has attached.");
  disable->add_flag("--yes", options->yes, "Do not ask. Without a terminal nobody is asked.");
  disable->footer(
      "Where the files were edited since, what was added is taken out and everything else stays.\n"
      "Mail that had passed the gate and waits is queued anew (postsuper -r). After a failure,\n"
      "disable goes on where it stopped.\n"
      "Exit status: 0 detached; 1 not, or it was not attached by enable; 2 usage.");
  disable->callback(
      [options, &chosen] { chosen = [options] { return postfix::disable(*options); }; });

  CLI::App* status = all->add_subcommand(
      "status", "Tells which instances are attached, and what has changed since.");
  add_places(*status, *options);
  status->add_flag("--json", options->json, "Print one JSON array, an object for each instance.");
  status->footer(
      "lacks is what is not there, or leads mail around the gate; drift what was changed in the "
      "lines\n"
      "of \"enable\"; mend says what to do about either. A note, such as an address whose mail a "
      "table\n"
      "leads past the gate, may be meant so.\n"
      "Exit status: 0 every instance is attached as it should be; 1 one is not, or cannot be "
      "asked;\n"
      "2 usage.");
  status->callback([options, &chosen] { chosen = [options] { return show_status(*options); }; });
}

}  // namespace icm::ctl
