// SPDX-License-Identifier: Apache-2.0
//
// table/*.yaml, compiled in: a program brings its own table and looks for no file.
#pragma once

#include <span>
#include <string_view>

namespace icm {

struct BuiltInReplies {
  std::string_view name;
  std::string_view text;
};

// In the order in which they are asked.
extern const std::span<const BuiltInReplies> built_in_reply_files;

}  // namespace icm
