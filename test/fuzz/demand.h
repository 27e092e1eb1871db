// SPDX-License-Identifier: Apache-2.0
//
// demand: what a fuzz target holds to be true of every input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace icm {

// Ends the process with both texts when it does not hold, which is how libFuzzer learns of it.
inline void demand(bool holds, std::string_view what, std::string_view detail = "") {
  if (holds) return;
  std::fprintf(stderr, "%.*s\n%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

}  // namespace icm
