// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl replies summary, show, undo: what was learnt from Apple's answers.
#pragma once

#include "milter/ctl/command.h"

namespace icm::ctl {

void add_learnt_replies(CLI::App& replies, Chosen& chosen);

}  // namespace icm::ctl
