// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/configuration.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "milter/ctl/terminal.h"
#include "policy/base/clock.h"
#include "policy/base/text.h"
#include "policy/config/config_reader.h"

namespace icm::ctl {

Result<Config> load_configuration(const std::string& path, std::string_view default_path) {
  const std::string file = path.empty() ? std::string(default_path) : path;
  // Only "there is no such file" means the built-in defaults; one that cannot be looked at is an
  // error, which reading it reports.
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (path.empty() && status.type() == std::filesystem::file_type::not_found) return Config{};
  ConfigResult read = read_config(file, SystemClock().now());
  if (!read) return fail(Code::config, std::string(trim(report(read.error()))));
  return std::move(read->config);
}

std::string credentials_directory() {
  const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
  return directory == nullptr ? "" : directory;
}

Exit complain(std::string_view text, Exit exit) {
  for (const std::string_view line : split(text, '\n')) {
    fmt::print(stderr, "icloud-milterctl: {}\n", clean(line));
  }
  return exit;
}

}  // namespace icm::ctl
