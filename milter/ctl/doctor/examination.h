// SPDX-License-Identifier: Apache-2.0
//
// The whole examination: every area, or those asked for, one after the other.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/doctor/context.h"

namespace icm::ctl::doctor {

// No area waits longer, whatever does not answer.
inline constexpr std::chrono::seconds area_deadline{30};

struct Request {
  std::string config;              // --config
  std::vector<std::string> areas;  // none: all
  Questions questions;
  bool is_hermetic = false;
};

// Told before each area: its name, and how many are behind.
using Progress = std::function<void(std::string_view area, std::size_t done)>;

// By the DNS behind `resolver`. Where the configuration cannot be read, that is all that is said.
Diagnoses examine(const Request& request, Resolver& resolver, WallTime now,
                  const Progress& progress);

}  // namespace icm::ctl::doctor
