// SPDX-License-Identifier: Apache-2.0
//
// How many files this process may have open: one for each connection of the mail server, and those
// of the store.
#pragma once

#include <string>

namespace icm {

// Raises the soft limit to the hard one (setrlimit(2), RLIMIT_NOFILE). What the administrator
// should know when that is little; empty when it is enough.
std::string raise_open_files();

}  // namespace icm
