// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of icloud-milterctl replies that have a file of their own.
#pragma once

#include "milter/ctl/command.h"

namespace icm::ctl {

void add_replies_follow(CLI::App& replies, Chosen& chosen);
void add_replies_intake(CLI::App& replies, Chosen& chosen);

}  // namespace icm::ctl
