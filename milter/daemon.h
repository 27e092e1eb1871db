// SPDX-License-Identifier: Apache-2.0
//
// Daemon: the order in which things start, reload and stop.
#pragma once

#include <string>

namespace icm {

struct DaemonOptions {
  std::string config_path;
  std::string journal_stream;         // the environment's JOURNAL_STREAM; empty when unset
  std::string credentials_directory;  // its CREDENTIALS_DIRECTORY, likewise
};

// Statuses with which the program ends.
enum class ExitStatus : int {
  done = 0,    // stopped as asked; the configuration is good
  failed = 1,  // could not start, or could not go on; the configuration is wrong
  usage = 2,   // the command line is wrong
};

// Reads the configuration, opens everything it names, serves until TERM or INT.
//   HUP        reads the configuration again and swaps it whole, or keeps the old one and says why;
//              reopens the log files either way
//   TERM, INT  takes the socket's path away, waits limits.drain for the messages that are being
//              handed over, ends; a second one ends at once
// By the control socket (icloud-milterctl) it is asked how it is, and told to reload or to change
// how far a policy goes; where that socket cannot be made it serves without. What keeps it from
// starting goes to standard error, every configuration problem of it.
ExitStatus run_daemon(const DaemonOptions& options);

// --check-config: what run_daemon would do before it opens the socket. Says on standard output that
// all is well, or on standard error what is not.
ExitStatus check_configuration(const DaemonOptions& options);

}  // namespace icm
