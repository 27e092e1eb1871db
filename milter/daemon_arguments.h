// SPDX-License-Identifier: Apache-2.0
//
// The daemon's command line, for the program and for its manual.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace icm {

struct DaemonArguments {
  std::string config;   // the configuration file
  std::string checked;  // the file to be checked only; empty: serve
};

// Makes `app` the whole of icloud-milter: what it is called, what it says, every option.
void declare(CLI::App& app, DaemonArguments& arguments);

}  // namespace icm
