// SPDX-License-Identifier: Apache-2.0
//
// How a command asks the running daemon.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "milter/control_protocol.h"
#include "milter/ctl/command.h"
#include "policy/base/deadline.h"
#include "policy/base/result.h"

namespace icm::ctl {

// Where the daemon is to be found: what --socket and --config say.
struct DaemonOption {
  std::optional<std::string> socket;
  std::string config;
  bool json = false;

  // Adds --socket, --config and --json.
  void add_to(CLI::App& command);
};

// What the daemon said.
struct DaemonAnswer {
  std::string line;  // as it came, without LF
  nlohmann::ordered_json json;
};

// Sends one request and waits for the answer. An Error has been said on standard error, with what
// to do about it; its Exit is what the command ends with.
[[nodiscard]] tl::expected<DaemonAnswer, Exit> ask_daemon(const DaemonOption& option,
                                                          const ControlRequest& request,
                                                          std::chrono::seconds patience);

// One line to the socket at `path`, one line back. Code::permanent when a daemon refused the
// request; Code::config when none can be reached, Code::temporary when it did not answer by
// `deadline`.
[[nodiscard]] Result<std::string> exchange_lines(const std::string& path, const std::string& line,
                                                 Deadline deadline);

}  // namespace icm::ctl
