// SPDX-License-Identifier: Apache-2.0
//
// Runs other programs: without a shell, in a process group of their own, within a time limit.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace icm {

// How a program ended, and what it said. Every octet is the program's.
struct ProgramEnd {
  int status = 0;
  std::string output;
  std::string errors;
};

// Runs the program `arguments` begin with, an absolute path, with `input` on its standard input and
// of our environment only a usual PATH. It is told to end, with all that it began, when `timeout`
// has passed, or when it says more than `longest` octets on either output. An Error says why it did
// not end by itself.
[[nodiscard]] Result<ProgramEnd> ask_program(const std::vector<std::string>& arguments,
                                             std::string_view input,
                                             std::chrono::milliseconds timeout,
                                             std::size_t longest);

// The same with nowhere to write to; an exit status other than 0 is an Error, too.
[[nodiscard]] Status run_program(const std::vector<std::string>& arguments, std::string_view input,
                                 std::chrono::milliseconds timeout);

}  // namespace icm
