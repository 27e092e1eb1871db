// SPDX-License-Identifier: Apache-2.0
//
// Reads milter.conf (YAML) into a Config: strictly, with every problem of the file in one run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "policy/base/clock.h"
#include "policy/config/config.h"

namespace icm {

// One thing wrong in a configuration file, or worth knowing about it.
struct ConfigProblem {
  enum class Severity {
    error,    // the file cannot be used
    warning,  // mail works, though perhaps not as meant
  };
  Severity severity = Severity::error;
  std::string file;
  int line = 0;      // from 1; 0 when the problem is the file as a whole
  int column = 0;    // from 1, in characters
  std::string text;  // safe for terminals and logs: what the file holds was cleaned
  bool operator==(const ConfigProblem&) const = default;
};

// "milter.conf:12:15: limits.drain: expected ..., got ..."; a warning says so after the place.
std::string to_string(const ConfigProblem& problem);

// A problem a line, errors and warnings in the order of the file; with errors a last line
// "3 errors; configuration not loaded". Ends with LF; empty when there is no problem. Of a long
// list the first hundred are shown, and how many there were.
std::string report(const std::vector<ConfigProblem>& problems);

struct ReadConfig {
  Config config;
  std::vector<ConfigProblem> warnings;
};

// A Config with what is worth knowing, or everything that is wrong with the file (with the warnings
// between the errors).
using ConfigResult = tl::expected<ReadConfig, std::vector<ConfigProblem>>;

// Reads a file of at most max_config_octets. An empty file is the defaults; a missing one is an
// error. `now` tells which dates have passed.
[[nodiscard]] ConfigResult read_config(const std::string& path, WallTime now);

// The same for text that is at hand; `name` stands for the file in the problems.
[[nodiscard]] ConfigResult read_config_text(std::string_view name, std::string_view text,
                                            WallTime now);

inline constexpr std::size_t max_config_octets = 1u << 20;

}  // namespace icm
