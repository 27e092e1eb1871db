// SPDX-License-Identifier: Apache-2.0
//
// An instance of Postfix as a service: is it running, is its configuration good, have it read.
#pragma once

#include "milter/ctl/postfix/postfix_programs.h"

namespace icm::ctl::postfix {

bool is_running(const PostfixPrograms& programs);

// "postfix check", and where it runs "postfix reload". The Error has what Postfix said.
[[nodiscard]] Status check_and_reload(const PostfixPrograms& programs);

// Signals that would end us wait while this lives: nobody stops between two files.
class NoInterruption {
 public:
  NoInterruption();
  ~NoInterruption();
  NoInterruption(const NoInterruption&) = delete;
  NoInterruption& operator=(const NoInterruption&) = delete;
};

}  // namespace icm::ctl::postfix
