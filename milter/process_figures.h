// SPDX-License-Identifier: Apache-2.0
//
// ProcessFigures: what the kernel says of this process (proc(5)).
#pragma once

#include <cstdint>

namespace icm {

struct ProcessFigures {
  double started = 0;          // seconds since 1970
  double cpu_seconds = 0;      // user and system
  std::uint64_t resident = 0;  // octets
  std::uint64_t virtual_memory = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_files = 0;
  std::uint64_t most_files = 0;
};

// Zeros for what cannot be read.
ProcessFigures process_figures();

}  // namespace icm
