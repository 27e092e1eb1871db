// SPDX-License-Identifier: Apache-2.0
//
// Whether there is what ThrottleMeans need, beside a daemon that counts there.
#pragma once

#include <string>

#include "policy/base/result.h"
#include "policy/config/config.h"

namespace icm {

// Where one host writes what it counts. One process at a time does; ThrottleMeans::open() refuses a
// second one.
std::string rate_journal_of(const StoreConfig& store);

// Reads and opens, counts nothing. `credentials_directory` is systemd's CREDENTIALS_DIRECTORY.
[[nodiscard]] Status check_throttle_means(const Config& config,
                                          const std::string& credentials_directory = {});

}  // namespace icm
