// SPDX-License-Identifier: Apache-2.0
//
// A copy of the store, made before it is changed as a whole.
#pragma once

#include <string>

#include "policy/store/sqlite.h"

namespace icm {

// Reads every page and says, with Code::permanent, when one is damaged. Takes about a second for a
// gigabyte that is in memory, or as long as the disk needs.
[[nodiscard]] Status check_pages(Database& database);

// Copies what has been committed to `path` into "PATH-MARK.backup", which takes the place of an
// earlier one, with owner and mode of the store; answers with its name. The store must not be
// changed meanwhile, and is checked by check_pages() first. Left over after a crash: at most a file
// "PATH-MARK.backup.part", which the next call replaces.
[[nodiscard]] Result<std::string> back_up_store(const std::string& path, const std::string& mark,
                                                Deadline deadline);

}  // namespace icm
