// SPDX-License-Identifier: Apache-2.0
//
// From a command line to an exit status, the same way for the program and for its tests.
#pragma once

#include "milter/ctl/command.h"

namespace icm::ctl {

// Makes `app` the whole of icloud-milterctl: what it is called, what it says, every command.
void declare(CLI::App& app, Chosen& chosen);

// Gives `app`, and every command added to it afterwards, help texts that are wrapped to the
// terminal: CLI11 leaves each option's sentences on one line.
void wrap_help(CLI::App& app);

// Reads the command line with `app`, to which the commands were added with this `chosen`, and runs
// the one that was chosen. Help and version are done; everything else that cannot be read is a
// usage error, said on standard error.
int run_command_line(CLI::App& app, const Chosen& chosen, int argc, const char* const* argv);

}  // namespace icm::ctl
