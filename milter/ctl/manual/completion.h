// SPDX-License-Identifier: Apache-2.0
//
// What a shell offers when a command line of ours is half typed: commands, options, and the values
// of options that take one of a few words or a file.
#pragma once

#include <string>

#include "milter/ctl/manual/described.h"

namespace icm::ctl {

// Scripts as each shell loads them by the program's name.
std::string bash_completion(const DescribedCommand& program);
std::string zsh_completion(const DescribedCommand& program);
std::string fish_completion(const DescribedCommand& program);

}  // namespace icm::ctl
