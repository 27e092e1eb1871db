// SPDX-License-Identifier: Apache-2.0
//
// main.cf and master.cf as files: read whole, put in place whole.
#pragma once

#include <string>
#include <string_view>

#include <sys/stat.h>

#include "policy/base/result.h"

namespace icm::ctl::postfix {

struct ConfigFile {
  std::string path;  // where the text really is: links are followed
  std::string text;
  struct stat status {};  // its owner, mode and times
};

// An Error names the file. At most 4 MiB.
[[nodiscard]] Result<ConfigFile> read_config_file(const std::string& path);

enum class Times {
  of_now,
  of_status,  // of access and modification, as they were
};

// Puts `text` in the place of `path` in one step, with the owner and mode of `status`: whoever
// reads finds the old file or the new one, also after a power cut. A link at `path` would be
// replaced.
[[nodiscard]] Status put_file(const std::string& path, std::string_view text,
                              const struct stat& status, Times times);

// Makes a directory for root alone, when it is missing. An Error when something else is there, or
// a directory that others may write to.
[[nodiscard]] Status make_private_directory(const std::string& path);

}  // namespace icm::ctl::postfix
