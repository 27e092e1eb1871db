// SPDX-License-Identifier: Apache-2.0
//
// What of Redis's settings can lose entries of the suppression list that were acknowledged.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/store/redis_client.h"

namespace icm {

// Of one server, by what it answers to INFO: a sentence each that names the setting, what it costs
// and what to set. None when nothing can be lost.
std::vector<std::string> redis_risks_in(std::string_view info, RedisOptions::Mode mode);

// Of every server that has a part of the list, its address in front; also that it does not let us
// ask. An Error when one does not answer.
[[nodiscard]] Result<std::vector<std::string>> redis_risks(const RedisOptions& options,
                                                           Deadline deadline);

}  // namespace icm
