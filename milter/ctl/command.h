// SPDX-License-Identifier: Apache-2.0
//
// One command word of icloud-milterctl: how it joins the command line, and what it gives back.
#pragma once

#include <functional>

// The library that reads the command line; what declares options includes <CLI/CLI.hpp>, which
// costs a compiler seconds.
namespace CLI {
class App;
}

namespace icm::ctl {

enum class Exit : int {
  done = 0,
  refused = 1,    // a check failed, a message would be refused, something could not be done
  usage = 2,      // the command line or an input file is not what was expected
  no_daemon = 3,  // the daemon did not answer

  // For a mail server that runs the command (sysexits.h):
  data_error = 65,  // EX_DATAERR: the mail is told to be wrong
  try_again = 75,   // EX_TEMPFAIL: the mail stays in its queue
};

// The chosen command; main() runs it after the whole command line was read.
using Chosen = std::function<Exit()>;

// Each adds its subcommand to `app`, and sets `chosen` in the subcommand's callback.
#define ICM_COMMAND(name) void add_##name(CLI::App& app, Chosen& chosen);
#include "milter/ctl/commands.inc"
#undef ICM_COMMAND

}  // namespace icm::ctl
