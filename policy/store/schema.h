// SPDX-License-Identifier: Apache-2.0
//
// schema/*.sql, compiled in: a program brings its own schema and looks for no file.
#pragma once

#include <span>
#include <string_view>

namespace icm {

// The first makes version 1 of nothing, each further one the next version of the one before.
extern const std::span<const std::string_view> store_schema;

}  // namespace icm
