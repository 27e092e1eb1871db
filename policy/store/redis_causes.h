// SPDX-License-Identifier: Apache-2.0
//
// What was said when an address was added or removed is about the address, and goes when the person
// asks to be forgotten.
#pragma once

#include <vector>

#include "policy/store/redis_shelf.h"

namespace icm {

// Takes the causes from the deeds of each address whose history is forgotten. Before the change
// itself, which takes away what leads to them: when this breaks off, it is done once more.
[[nodiscard]] Status forget_causes(const RedisShelf& shelf,
                                   const std::vector<AddressChange>& changes, Deadline deadline);

}  // namespace icm
