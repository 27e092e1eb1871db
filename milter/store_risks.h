// SPDX-License-Identifier: Apache-2.0
//
// What an operator should know of the store: what the settings of its servers can lose of what they
// were told, and addresses in it that should be hashed.
#pragma once

#include <string>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/config/config.h"

namespace icm {

// A sentence each, for whoever starts the milter or checks its configuration. None of a store
// that does not answer: opening that says why.
std::vector<std::string> store_risks(const StoreConfig& store,
                                     const std::string& credentials_directory, Deadline deadline);

}  // namespace icm
