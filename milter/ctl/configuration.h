// SPDX-License-Identifier: Apache-2.0
//
// The configuration a command works with, and how a command says what went wrong.
#pragma once

#include <string>
#include <string_view>

#include "milter/ctl/command.h"
#include "policy/base/result.h"
#include "policy/config/config.h"

namespace icm::ctl {

// What --config takes when the user does not say.
inline constexpr std::string_view config_option_help =
    "The configuration file. Default: /etc/icloud-milter/milter.conf; when there is none, the "
    "built-in defaults.";

// Reads `path` when it is not empty: that file must exist. Otherwise `default_path`, and where
// there is no such file, what the program has built in. The Error's text is the reader's report, a
// line per problem, safe to print.
[[nodiscard]] Result<Config> load_configuration(
    const std::string& path, std::string_view default_path = default_config_path);

// Where systemd keeps the secrets that a unit was given, which `credential:NAME` in the
// configuration names: $CREDENTIALS_DIRECTORY (systemd.exec(5)), empty when there is none.
std::string credentials_directory();

// "icloud-milterctl: text" on standard error, each line of it cleaned; gives `exit` back, so that a
// command can end with it.
Exit complain(std::string_view text, Exit exit = Exit::refused);

}  // namespace icm::ctl
