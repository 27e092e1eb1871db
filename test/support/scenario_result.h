// SPDX-License-Identifier: Apache-2.0
//
// A message after the changes a filter asked for, made as Postfix makes them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/support/milter_client.h"

namespace icm {

using MessageFields = std::vector<std::pair<std::string, std::string>>;

// The header after the changes. An occurrence counts the fields that are there at its turn, so a
// filter that removes several of one name must begin at the bottom.
MessageFields changed_fields(MessageFields fields, const std::vector<MilterChange>& changes);

// The values of all fields of this name, unfolded and trimmed, top first.
std::vector<std::string> values_of(const MessageFields& fields, std::string_view name);

}  // namespace icm
