// SPDX-License-Identifier: Apache-2.0
//
// schema.sql, compiled in: a program brings its own schema and looks for no file.
#pragma once

#include <string_view>

namespace icm {

extern const std::string_view store_schema;

}  // namespace icm
